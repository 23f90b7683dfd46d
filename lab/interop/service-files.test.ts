// The files that run Shoal as a service, read by the programs that will read them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { missingPrograms } from '../clients/installed.ts';
import { run } from '../clients/process.ts';

const folder = join(import.meta.dirname, '../../packages/cli/service');

describe('the units for systemd', { skip: missingPrograms('systemd-analyze') ?? false }, () => {
  for (const [kind, flags] of Object.entries({ user: ['--user'], system: [] }))
    test(`the ${kind} unit means something in every line`, () => {
      const place = mkdtempSync(join(tmpdir(), 'shoal-service-'));
      try {
        copyFileSync(join(folder, `shoal-${kind}.service`), join(place, 'shoal.service'));
        const words = ['verify', ...flags, join(place, 'shoal.service')];
        const env = { ...process.env, XDG_RUNTIME_DIR: place };
        const { status, stderr } = spawnSync('systemd-analyze', words, {
          env,
          encoding: 'utf8',
          timeout: 60_000,
        });
        assert.equal(stderr, '');
        assert.equal(status, 0);
      } finally {
        rmSync(place, { recursive: true, force: true });
      }
    });

  test('the system unit gives up what it does not need', async () => {
    const words = ['security', '--offline=yes', '--threshold=20', join(folder, 'shoal-system.service')];
    assert.match(await run('systemd-analyze', words), /Overall exposure level .*: [01]\.\d OK/);
  });
});

test('the agent for launchd is a property list', async () => {
  const script = `import plistlib, json; print(json.dumps(plistlib.load(open(${JSON.stringify(join(folder, 'shoal.plist'))}, 'rb'))))`;
  const agent = JSON.parse(await run('/usr/bin/python3', ['-c', script]));
  assert.deepEqual(agent.ProgramArguments, ['/usr/bin/env', 'shoal', 'up']);
  assert.deepEqual(agent.KeepAlive, { SuccessfulExit: false });
});
