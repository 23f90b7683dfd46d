import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type { World } from '@shoal/base';
import { createNodeWorld } from '@shoal/base/node';
import fc from 'fast-check';
import { Check } from 'typebox/schema';
import {
  configSchema,
  explainConfig,
  type LoadConfigOptions,
  type LoadedConfig,
  limitSettings,
  loadConfig,
  type Places,
  usualPlaces,
} from '../src/config/index.ts';
import { configKeys, fits } from '../src/config/values.ts';
import { NodeError } from '../src/errors.ts';

let world: World;
let folder: string;
let file: string;
let places: Places;

before(() => {
  world = createNodeWorld();
});
after(() => world.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-config-'));
  file = join(folder, 'config.toml');
  places = { home: '/home/somebody', data: '/usual/data', configFile: file };
});
afterEach(() => rm(folder, { recursive: true }));

function load(options: Omit<LoadConfigOptions, 'disk' | 'places'> = {}): Promise<LoadedConfig> {
  return loadConfig({ disk: world.disk, places, ...options });
}

async function loadText(
  text: string | Uint8Array,
  options: Parameters<typeof load>[0] = {},
): Promise<LoadedConfig> {
  await writeFile(file, text);
  return await load(options);
}

async function mistakeIn(text: string | Uint8Array): Promise<string> {
  try {
    await loadText(text);
  } catch (error) {
    assert.ok(error instanceof NodeError, String(error));
    assert.equal(error.code, 'config-invalid');
    return error.message;
  }
  assert.fail('no mistake was found');
}

test('without a file and flags every key has its default', async () => {
  const { config, origins, file: read } = await load();
  assert.deepEqual(config, {
    data: '/usual/data',
    api: '127.0.0.1:4870',
    network: 'hybrid',
    downloads: '/home/somebody/Downloads',
    port: 'usual',
    encryption: 'prefer-plain',
    lan: 'on',
    trackers: 'none',
    'dht.bootstrap': 'none',
    indexes: 'none',
    bind: 'any',
    'name-servers': 'system',
    'port-mapping': 'auto',
    'filter.lists': 'none',
    'limits.down': 'none',
    'limits.up': 'none',
    'limits.lan': 'exempt',
    'limits.schedule': 'none',
    'queue.fetching': 'all',
    'queue.sharing': 'all',
    'queue.active': 'all',
    'goals.ratio': 'none',
    'goals.time': 'none',
    'connections.all': 'usual',
    'connections.each': 'usual',
    'api-unencrypted': 'refuse',
    'tls.certificate': 'none',
    'tls.key': 'none',
    'release.publishers': 'none',
    'scan.clamd': 'none',
    'scan.command': 'none',
    'scan.timeout': '10m',
    'on-complete.command': 'none',
    'labels.move': 'off',
    'watch.folders': 'none',
    'log.level': 'info',
  });
  assert.equal(origins.size, 0);
  assert.equal(read, undefined);
});

test('a flag wins over the file, the file over the default, and each value knows where it came from', async () => {
  const text = '# mine\napi = "[::1]:0"\nnetwork = "distributed"\n\n[log]\nlevel = "warn"\n';
  const { config, origins } = await loadText(text, { flags: { api: 'localhost:8000', network: undefined } });
  assert.equal(config.api, 'localhost:8000');
  assert.equal(config.network, 'distributed');
  assert.equal(config['log.level'], 'warn');
  assert.deepEqual(Object.fromEntries(origins), {
    api: { kind: 'flag', flag: '--api <HOST:PORT>' },
    network: { kind: 'file', file, line: 3 },
    'log.level': { kind: 'file', file, line: 6 },
  });
});

test('a table, a dotted key and an inline table all say the same', async () => {
  for (const text of ['[log]\nlevel = "error"', 'log.level = "error"', 'log = { level = "error" }']) {
    assert.equal((await loadText(text)).config['log.level'], 'error');
  }
});

test('an empty file, a file of remarks, and one with a byte order mark and CRLF are fine', async () => {
  for (const text of ['', '# nothing\n', '\ufeffnetwork = "distributed"\r\napi = "127.0.0.1:0"\r\n'])
    await loadText(text);
});

test('a folder in the file is relative to the file, or to the home folder', async () => {
  const dataOf = async (value: string) => (await loadText(`data = "${value}"`)).config.data;
  assert.equal(await dataOf('state'), join(folder, 'state'));
  assert.equal(await dataOf('~/state'), '/home/somebody/state');
  assert.equal(await dataOf('/srv/state'), '/srv/state');
});

const misspelt: readonly [string, number, string, string][] = [
  ['netwrok = "hybrid"', 1, 'netwrok', 'network'],
  ['\n\nAPI = "127.0.0.1:0"', 3, 'API', 'api'],
  ['api = "127.0.0.1:0"\n[log]\n\nlevle = "info"', 4, 'log.levle', 'log.level'],
  ['[logs]\nlevel = "info"', 2, 'logs.level', 'log.level'],
  ['log_level = "info"', 1, 'log_level', 'log.level'],
  ['level = "info"', 1, 'level', 'log.level'],
  ['"data-dir" = "x"', 1, 'data-dir', 'data'],
];
for (const [text, line, key, nearest] of misspelt) {
  test(`an unknown key is named with its file and line, and the nearest one: ${JSON.stringify(text)}`, async () => {
    const message = await mistakeIn(text);
    assert.ok(message.startsWith(`${file}:${line}: unknown key ${key};`), message);
    assert.ok(message.endsWith(`did you mean ${nearest}?`), message);
  });
}

test('a key that is like no other is sent to the explanation of all', async () => {
  for (const text of ['colour = "blue"', '[torrents]', '[[peers]]\nx = 1', 'x.y.z = 1']) {
    assert.match(await mistakeIn(text), /:[12]: unknown key \S+; see `shoal config --explain`$/);
  }
});

const unfit = [
  '5',
  'true',
  '[]',
  '["127.0.0.1:1"]',
  '""',
  '1.5',
  '1979-05-27',
  '99999999999999999999',
  '"\\u0000"',
];
for (const value of unfit) {
  test(`a value that does not fit is named with its key, file and line: ${value}`, async () => {
    const message = await mistakeIn(`# one\napi = ${value}\n`);
    assert.ok(message.startsWith(`${file}:2: api is `), message);
    assert.ok(message.includes('such as 127.0.0.1:4870'), message);
  });
}

test('the API listens at an address, with a port that there is', async () => {
  for (const api of ['127.0.0.1:0', '127.255.0.9:65535', '[::1]:80', 'localhost:4870']) {
    assert.equal((await load({ flags: { api } })).config.api, api);
  }
  const wrong = [
    '256.0.0.1:4870',
    'example.org:1',
    '::1:80',
    '[1]:80',
    'example.org:80',
    '127.0.0.1',
    ':80',
    '4870',
  ].concat([
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '127.0.0.1:080',
    '127.0.0.256:80',
    '127.0.0.1:80 ',
    '127.0.0.1:80\n',
    '',
  ]);
  for (const api of wrong) {
    await assert.rejects(load({ flags: { api } }), (error: unknown) => {
      assert.ok(error instanceof NodeError && error.message.startsWith('--api: api is '), String(error));
      return error.code === 'config-invalid';
    });
  }
});

test('a folder is not the flag that came after it', async () => {
  await assert.rejects(load({ flags: { data: '--json' } }), {
    message: /^--data: data is "--json", but should be/,
  });
});

test('a very long value is shown shortened', async () => {
  assert.ok((await mistakeIn(`api = "${'x'.repeat(10_000)}"`)).length < 300 + file.length);
});

test('several mistakes are told at once, and hundreds are not', async () => {
  const message = await mistakeIn('a = 1\nnetwork = "none"\nb = 2\n');
  assert.deepEqual(
    message.split('\n').map((line) => line.slice(file.length, file.length + 3)),
    [':1:', ':2:', ':3:'],
  );
  const many = Array.from({ length: 500 }, (_, i) => `key${i} = 1`).join('\n');
  assert.match(await mistakeIn(many), /\nand 492 more$/);
});

const broken: readonly [string | Uint8Array, number][] = [
  ['api', 1],
  ['api = ', 1],
  ['# x\napi = \nnetwork = "hybrid"\n', 2],
  ['api = "127.0.0.1:0', 1],
  ['# x\n\napi = 127.0.0.1:0\n', 3],
  ['network = hybrid', 1],
  ['[log\nlevel = "info"', 1],
  ['api = "a"\napi = "b"', 2],
  ['api = "\\q"', 1],
  ['{ "api": "127.0.0.1:0" }', 1],
  ['api: 127.0.0.1:0', 1],
  ['# fine\n\u0000', 2],
  [Uint8Array.from([35, 10, 35, 10, 97, 255, 254]), 3],
];
for (const [text, line] of broken) {
  test(`what is not TOML is named with its file and line: ${JSON.stringify(String(text))}`, async () => {
    const message = await mistakeIn(text);
    assert.ok(message.startsWith(`${file}:${line}: this is not `), message);
  });
}

test('any text is a config or an error of ours', async () => {
  const piece = fc.constantFrom(
    'api',
    'log',
    '.',
    ' = ',
    '"',
    "'",
    '\n',
    '[',
    ']',
    '{',
    '}',
    ',',
    '#',
    '\\',
    '1',
    '"""',
    '\u00e9',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
      await loadText(pieces.join('')).catch((error: unknown) =>
        assert.ok(error instanceof NodeError, String(error)),
      );
    }),
    { numRuns: 500 },
  );
});

test('a file that is nested beyond reason or too long is an error of ours', async () => {
  for (const text of [`a = ${'['.repeat(100_000)}`, 'x'.repeat(300_000)]) {
    await assert.rejects(loadText(text), { name: 'NodeError' });
  }
});

test('a config file that was asked for has to be there', async () => {
  const missing = join(folder, 'none.toml');
  await assert.rejects(load({ file: missing }), {
    code: 'config-not-found',
    message: `There is no config file ${missing}.`,
  });
});

test('a folder as config file cannot be read, and says so', async () => {
  await mkdir(file);
  await assert.rejects(load(), (error: unknown) => {
    return error instanceof NodeError && error.code === 'config-unreadable' && error.message.includes(file);
  });
});

test('values fit their key exactly when TypeBox says that they fit the schema', () => {
  const near = fc.constantFrom(
    '127.0.0.1:4870',
    'localhost:0',
    '[::1]:65535',
    'hybrid',
    'info',
    'debug',
    '',
    '::1:1',
    '/data',
  );
  const values = fc.oneof(
    near,
    fc.string(),
    fc.anything(),
    fc.stringMatching(/^127\.\d{1,3}\.\d{1,3}\.\d{1,3}:\d{1,5}$/),
  );
  fc.assert(
    fc.property(fc.constantFrom(...configKeys), values, (key, value) => {
      assert.equal(fits(key, value), Check(configSchema.properties[key], value));
    }),
    { numRuns: 2000 },
  );
});

test('every key is explained, with a default that fits it', () => {
  const explained = explainConfig(places);
  assert.deepEqual(
    explained.map(({ key }) => key),
    Object.keys(configSchema.properties),
  );
  for (const { key, type, explanation, expects, flag, ...rest } of explained) {
    assert.ok(fits(key, rest.default), key);
    for (const text of [type, explanation, expects, flag]) assert.ok(text.length > 0, key);
  }
});

test('each platform has its usual places', () => {
  const on = (platform: NodeJS.Platform, environment: Record<string, string> = {}) => {
    const home = platform === 'win32' ? 'C:\\Users\\a' : '/home/a';
    const { data, configFile } = usualPlaces({ platform, environment, home });
    return [data, configFile];
  };
  assert.deepEqual(on('linux'), ['/home/a/.local/share/shoal', '/home/a/.config/shoal/config.toml']);
  assert.deepEqual(on('linux', { XDG_STATE_HOME: '/s', XDG_CONFIG_HOME: '/c' }), [
    '/s/shoal',
    '/c/shoal/config.toml',
  ]);
  assert.deepEqual(on('linux', { XDG_STATE_HOME: 'relative', XDG_CONFIG_HOME: '' }), on('linux'));
  const mac = '/home/a/Library/Application Support/Shoal';
  assert.deepEqual(on('darwin'), [mac, `${mac}/config.toml`]);
  assert.deepEqual(on('win32'), [
    'C:\\Users\\a\\AppData\\Local\\Shoal',
    'C:\\Users\\a\\AppData\\Roaming\\Shoal\\config.toml',
  ]);
  assert.ok(
    usualPlaces({ platform: process.platform, environment: {}, home: homedir() }).data.startsWith(homedir()),
  );
});

test('limits are rates in bytes, and times of the week with rates of their own', async () => {
  const limitsOf = async (text: string) => limitSettings((await loadText(text)).config);
  assert.deepEqual(await limitsOf(''), {});
  assert.deepEqual(await limitsOf('[limits]\ndown = "2MB"\nup = "1.5MiB/s"\nlan = "limited"'), {
    downBytesPerSecond: 2_000_000,
    upBytesPerSecond: 1_572_864,
    lan: 'limited',
  });
  assert.deepEqual(await limitsOf('limits.down = "0"'), { downBytesPerSecond: 0 });
  assert.deepEqual(
    (await limitsOf('limits.schedule = "fri-mon 22:00-06:00 up 1kB; daily 08:00-24:00 down 2TB up none"'))
      .schedule,
    {
      windows: [
        {
          days: ['friday', 'saturday', 'sunday', 'monday'],
          from: '22:00',
          to: '06:00',
          limits: { upBytesPerSecond: 1000 },
        },
        {
          days: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'],
          from: '08:00',
          to: '24:00',
          limits: { downBytesPerSecond: 2e12 },
        },
      ],
    },
  );
});

for (const rate of ['2mb', '2Mb', '-1', '', '1e6', '5 parsecs', '1MB/h', '1.2.3k', '9'.repeat(30)])
  test(`${JSON.stringify(rate)} is no rate`, async () => {
    assert.match(
      await mistakeIn(`limits.up = ${JSON.stringify(rate)}`),
      /:1: limits\.up is .*a rate like 500kB/,
    );
  });

for (const schedule of [
  'mon 25:00-26:00',
  'mon 8:00-9:00',
  'someday 08:00-09:00',
  'mon 08:00-09:00 down fast',
  ';',
])
  test(`${JSON.stringify(schedule)} is no schedule`, async () => {
    await assert.rejects(
      async () => limitSettings((await loadText(`limits.schedule = ${JSON.stringify(schedule)}`)).config),
      { code: 'config-invalid' },
    );
  });
