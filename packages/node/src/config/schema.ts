// Every key of the config, once: its type, default, explanation and flag. It is a JSON Schema value typed by TypeBox;
// none of TypeBox is loaded at run time, where it would cost a starting node 80 ms and 18 MiB (README).
// A key with a dot in its name is in that table of the file: `log.level` is `level` under `[log]`.

import type { XStatic } from 'typebox/schema';

const byte = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const port = '(?:6553[0-5]|655[0-2]\\d|65[0-4]\\d\\d|6[0-4]\\d{3}|[1-5]\\d{4}|[1-9]\\d{0,3}|0)';

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['data', 'api', 'network', 'log.level'],
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
      pattern: `^(?:localhost|127(?:\\.${byte}){3}|\\[::1\\]):${port}$`,
      default: '127.0.0.1:4870',
      description:
        'where the pages and the API listen, on this machine only; port 0 picks a free one, and the default moves to the next free one',
      expects: 'a loopback address and a port, such as 127.0.0.1:4870 or [::1]:0',
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
