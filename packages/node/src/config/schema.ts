// Every key of the config, once: its type, default, explanation and flag. It is a JSON Schema value typed by TypeBox;
// none of TypeBox is loaded at run time, where it would cost a starting node 80 ms and 18 MiB (README).
// A key with a dot in its name is in that table of the file: `log.level` is `level` under `[log]`.

import type { XStatic } from 'typebox/schema';

const byte = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
/** 2MB, 500kB, 1.5MiB, 800 (bytes), each a second. Mb would be bits to some: it is refused. */
const rate = '^(?:none|\\d{1,15}(?:\\.\\d{1,6})? ?(?:[kKMGT]i?)?B?(?:/s)?)$';
const port = '(?:6553[0-5]|655[0-2]\\d|65[0-4]\\d\\d|6[0-4]\\d{3}|[1-5]\\d{4}|[1-9]\\d{0,3}|0)';
const tracker = '(?:https?|udp)://[^\\s,]+';
/** Words, some of them in quotes; never a shell's. */
const command = `^(?:[^\\s"'\\x00-\\x1f-]|"[^"\\x00-\\x1f]*"|'[^'\\x00-\\x1f]*')(?:[^"'\\x00-\\x1f]|"[^"\\x00-\\x1f]*"|'[^'\\x00-\\x1f]*')*$`;
const count = '^(?:all|\\d{1,6})$';
const most = '^(?:usual|[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])$';

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  required: [
    'data',
    'api',
    'network',
    'downloads',
    'port',
    'encryption',
    'lan',
    'trackers',
    'indexes',
    'dht.bootstrap',
    'bind',
    'name-servers',
    'port-mapping',
    'filter.lists',
    'limits.down',
    'limits.up',
    'limits.lan',
    'limits.schedule',
    'queue.fetching',
    'queue.sharing',
    'queue.active',
    'goals.ratio',
    'goals.time',
    'connections.all',
    'connections.each',
    'api-unencrypted',
    'tls.certificate',
    'tls.key',
    'release.publishers',
    'scan.clamd',
    'scan.command',
    'scan.timeout',
    'on-complete.command',
    'labels.move',
    'watch.folders',
    'log.level',
  ],
  properties: {
    data: {
      type: 'string',
      // Nobody means `--data --json`.
      pattern: '^[^-]',
      description: 'the folder for keys, state and everything else that this node has to remember',
      expects: 'the path of a folder',
      flag: '--data <DIR>',
    },
    api: {
      type: 'string',
      pattern: `^(?:localhost|${byte}(?:\\.${byte}){3}|\\[[0-9a-fA-F:.]{2,45}\\]):${port}$`,
      default: '127.0.0.1:4870',
      description:
        'where the pages and the API listen; port 0 picks a free one, and the default moves to the next free one. What others can reach takes TLS, and the token for every call',
      expects: 'an address and a port, such as 127.0.0.1:4870 or [::1]:0',
      flag: '--api <HOST:PORT>',
    },
    network: {
      type: 'string',
      enum: ['hybrid', 'centralized', 'distributed'],
      default: 'hybrid',
      description: 'whom this node asks: an index and trackers, other peers, or both',
      expects: 'hybrid, centralized or distributed',
      flag: '--network <MODE>',
    },
    downloads: {
      type: 'string',
      pattern: '^[^-]',
      description: 'where files go when nobody says where',
      expects: 'the path of a folder',
      flag: '--downloads <DIR>',
    },
    port: {
      type: 'string',
      pattern: `^(?:usual|${port})$`,
      default: 'usual',
      description:
        'where peers are accepted, and the DHT listens; usual is 6881, or a free one where that is taken',
      expects: 'usual, or a port, 0 for a free one',
      flag: '--port <N>',
    },
    encryption: {
      type: 'string',
      enum: ['prefer-plain', 'prefer-encrypted', 'require'],
      default: 'prefer-plain',
      description: 'how connections to peers are encrypted',
      expects: 'prefer-plain, prefer-encrypted or require',
      flag: '--encryption <POLICY>',
    },
    lan: {
      type: 'string',
      enum: ['on', 'off'],
      default: 'on',
      description: 'whether the local network is asked and told',
      expects: 'on or off',
      flag: '--no-lan',
    },
    trackers: {
      type: 'string',
      pattern: `^(?:none|${tracker}(?:[, ] ?${tracker})*)$`,
      default: 'none',
      description: 'trackers for every transfer, beside its own; a private one keeps to its own',
      expects: 'none, or addresses such as udp://tracker.example:6969 with commas between',
      flag: '--tracker <URL>',
    },
    'dht.bootstrap': {
      type: 'string',
      pattern: '^(?:none|[^\\s,]+:\\d{1,5}(?:, ?[^\\s,]+:\\d{1,5})*)$',
      default: 'none',
      description: 'nodes that lead into the DHT, where none is remembered or told of by a peer',
      expects: 'none, or HOST:PORT with commas between',
      flag: '--dht-bootstrap <HOST:PORT>',
    },
    indexes: {
      type: 'string',
      pattern: '^(?:none|https?://[^\\s,]+(?:, ?https?://[^\\s,]+)*)$',
      default: 'none',
      description: 'the indexes that are searched and published to where --index names no others',
      expects: 'none, or addresses such as http://index.example:6969/ with commas between',
      flag: 'none',
    },
    bind: {
      type: 'string',
      pattern: '^[^-\\s][^\\s]*$',
      default: 'any',
      description:
        'the own address that everything leaves from, names too; or an interface, where the system holds traffic to it',
      expects: 'any, own addresses such as 10.8.0.2 or 10.8.0.2,fd08::2, or the name of an interface',
      flag: '--bind <ADDRESS|INTERFACE>',
    },
    'name-servers': {
      type: 'string',
      pattern: '^(?:system|[0-9a-fA-F:.]+(?:, ?[0-9a-fA-F:.]+)*)$',
      default: 'system',
      description: 'whom a bound node asks for names, from its bound address',
      expects: 'system, or IP addresses such as 10.8.0.1,10.8.0.2',
      flag: 'none',
    },
    'port-mapping': {
      type: 'string',
      enum: ['auto', 'off'],
      default: 'auto',
      description: 'whether the router is asked to let peers in (PCP, NAT-PMP, UPnP)',
      expects: 'auto or off',
      flag: '--port-mapping <WHETHER>',
    },
    'filter.lists': {
      type: 'string',
      pattern: '^[^-]',
      default: 'none',
      description:
        'files of addresses that are not talked to: CIDR, ranges, p2p, P2B, eMule dat, each also as .gz',
      expects: 'none, or paths with semicolons between',
      flag: '--filter <FILES>',
    },
    'limits.down': {
      type: 'string',
      pattern: rate,
      default: 'none',
      description:
        'how much may come in from peers and web servers a second, all messages counted; 0 lets no data in',
      expects: 'a rate like 500kB or 2MB, or none',
      flag: '--down-limit <RATE>',
    },
    'limits.up': {
      type: 'string',
      pattern: rate,
      default: 'none',
      description: 'how much may go out to peers a second, all messages counted; 0 lets no data out',
      expects: 'a rate like 500kB or 2MB, or none',
      flag: '--up-limit <RATE>',
    },
    'limits.lan': {
      type: 'string',
      enum: ['exempt', 'limited'],
      default: 'exempt',
      description: 'whether these limits hold for peers of the local network (private addresses) too',
      expects: 'exempt or limited',
      flag: '--limit-lan',
    },
    'limits.schedule': {
      type: 'string',
      pattern: '^(?:none|[a-z,-]+ [^"]*)$',
      default: 'none',
      description:
        'times of the week with other limits, by the clock of this machine; the first that fits counts, and what it does not name is not limited then',
      expects: 'none, or times like "mon-fri 08:00-18:00 down 500kB up 100kB; sat,sun 22:00-06:00 up 1MB"',
      flag: 'none',
    },
    'queue.fetching': {
      type: 'string',
      pattern: count,
      default: 'all',
      description: 'how many transfers may fetch at once; the others wait for their turn',
      expects: 'all, or a number',
      flag: 'none',
    },
    'queue.sharing': {
      type: 'string',
      pattern: count,
      default: 'all',
      description: 'how many complete transfers may be shared at once',
      expects: 'all, or a number',
      flag: 'none',
    },
    'queue.active': {
      type: 'string',
      pattern: count,
      default: 'all',
      description: 'how many transfers may do either at once',
      expects: 'all, or a number',
      flag: 'none',
    },
    'goals.ratio': {
      type: 'string',
      pattern: '^(?:none|\\d{1,6}(?:\\.\\d{1,3})?)$',
      default: 'none',
      description: 'how often a transfer is sent for each time it was fetched, before it pauses',
      expects: 'none, or a number like 2 or 1.5',
      flag: 'none',
    },
    'goals.time': {
      type: 'string',
      pattern: '^(?:none|\\d{1,6}[smhd])$',
      default: 'none',
      description: 'how long a complete transfer is shared before it pauses',
      expects: 'none, or a time like 90m, 12h or 30d',
      flag: 'none',
    },
    'connections.all': {
      type: 'string',
      pattern: most,
      default: 'usual',
      description: 'how many peers there may be connections with',
      expects: 'usual, or a number up to 65535',
      flag: 'none',
    },
    'connections.each': {
      type: 'string',
      pattern: most,
      default: 'usual',
      description: 'how many of them one transfer may have',
      expects: 'usual, or a number up to 65535',
      flag: 'none',
    },
    'api-unencrypted': {
      type: 'string',
      enum: ['refuse', 'allow'],
      default: 'refuse',
      description:
        'whether the API may listen to more than this machine without TLS: whoever is on the way then reads the token',
      expects: 'refuse or allow',
      flag: '--api-unencrypted',
    },
    'tls.certificate': {
      type: 'string',
      pattern: '^[^-]',
      default: 'none',
      description: 'a file with the certificate (PEM) for an API that listens to more than this machine',
      expects: 'none, or the path of a file',
      flag: 'none',
    },
    'tls.key': {
      type: 'string',
      pattern: '^[^-]',
      default: 'none',
      description: 'the file with the key to it (PEM)',
      expects: 'none, or the path of a file',
      flag: 'none',
    },
    'release.publishers': {
      type: 'string',
      pattern: '^(?:none|[0-9a-f]{64}(?:, ?[0-9a-f]{64}){0,99})$',
      default: 'none',
      description:
        'the keys whose publications are trusted: what was fetched gets its own name when an index has one of these for it, and is refused otherwise',
      expects: 'none (no publication is asked for), or keys as `shoal id` prints them, with commas between',
      flag: 'none',
    },
    'scan.clamd': {
      type: 'string',
      pattern: `^(?:none|/[^\\x00-\\x1f]{1,100}|(?:[A-Za-z0-9._-]{1,253}|\\[[0-9a-fA-F:.]{2,45}\\]):${port})$`,
      default: 'none',
      description:
        'a ClamAV daemon that every fetched file is sent to before it gets its own name; what it refuses, or does not answer for, keeps its unfinished name',
      expects: 'none, an address and a port such as 127.0.0.1:3310, or the path of a socket',
      flag: 'none',
    },
    'scan.command': {
      type: 'string',
      pattern: command,
      default: 'none',
      description:
        'a program, without a shell, that is given the path of every fetched file before that gets its own name: 0 releases it, 1 refuses it, and anything else holds it back for now',
      expects: 'none, or a program and its words, in quotes where they have spaces',
      flag: 'none',
    },
    'scan.timeout': {
      type: 'string',
      pattern: '^[1-9]\\d{0,5}[smh]$',
      default: '10m',
      description: 'how long a scanner may take for one file before it is asked again',
      expects: 'a time like 30s, 10m or 1h',
      flag: 'none',
    },
    'on-complete.command': {
      type: 'string',
      pattern: command,
      default: 'none',
      description:
        'a program, without a shell, that runs for each transfer that was fetched to the end, with SHOAL_ID, SHOAL_NAME and SHOAL_FOLDER in its environment',
      expects: 'none, or a program and its words, in quotes where they have spaces',
      flag: 'none',
    },
    'labels.move': {
      type: 'string',
      enum: ['on', 'off'],
      default: 'off',
      description:
        'whether the files of a transfer move when it is given a label that has a folder; new ones go there at once either way',
      expects: 'on or off',
      flag: 'none',
    },
    'watch.folders': {
      type: 'string',
      pattern: '^(?:none|[/"].*)$',
      default: 'none',
      description:
        'folders whose .torrent and .magnet files are added; each with label=NAME, to=DIR, paused, and after=rename (.added), after=remove or after=move:DIR for the file',
      expects:
        'none, or absolute paths with semicolons between, such as "/srv/drop label=tv to=/srv/tv after=remove"',
      flag: 'none',
    },
    'log.level': {
      type: 'string',
      enum: ['debug', 'info', 'warn', 'error', 'silent'],
      default: 'info',
      description: 'how much the node tells on stderr',
      expects: 'debug, info, warn, error or silent',
      flag: '-v, --verbose',
    },
  },
} as const;

export type Config = XStatic<typeof configSchema>;
export type ConfigKey = keyof Config;
