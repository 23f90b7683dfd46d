// Questions that cost the asker next to nothing, and us or a third party much: each has its measure.

import assert from 'node:assert/strict';
import { simTest } from '@shoal/sim/testing';
import { encodePex, ourExtensions, writeHashRequest } from '@shoal/wire';
import { mostNamedOfHost } from '../../src/bounds.ts';
import { makeSample, someBytes } from '../sample.ts';
import { addPeer, closeAll } from '../sim-swarm.ts';
import { Arena } from './arena.ts';
import { HostileHost } from './hostile-host.ts';
import { wantAll } from './hostile-line.ts';

simTest('a peer cannot have us dial all ports of a stranger', { seeds: 2 }, async (simulation) => {
  const sample = makeSample(someBytes(300_000), { pieceLength: 32_768 });
  const stranger = simulation.addHost({});
  let port = 1;
  const inciter = new HostileHost(
    simulation,
    {
      name: 'names one host at every port',
      begin: (line) => {
        const name = () => {
          const added = Array.from({ length: 200 }, () => ({
            endpoint: { address: stranger.address, port: port++ },
            flags: 0x10,
          }));
          line.extended(ourExtensions.ut_pex, encodePex({ added, dropped: [] }));
        };
        name();
        line.every(61_000, name);
      },
    },
    sample,
  );
  await inciter.listen();
  const leecher = await addPeer(simulation, { sample });
  leecher.transfer.addPeer(inciter.address, 'tracker');
  await simulation.advance(10_000);
  const { dials } = leecher.meter;
  assert.ok(dials > 1, 'some are believed');
  // Each is tried anew now and then, in the clear and encrypted.
  assert.ok(dials <= 2 + 4 * mostNamedOfHost, `${dials} dials`);
  await simulation.advance(200_000);
  const named = leecher.transfer.statistics.knownAddresses;
  assert.ok(named <= 1 + mostNamedOfHost, `${named} addresses`);
  await closeAll(simulation, [leecher]);
});

simTest('a peer gets leaves no faster than a bound, and goes on to get pieces', {}, async (simulation) => {
  const sample = makeSample(someBytes(1_000_000), { format: 'v2', pieceLength: 65_536 });
  const arena = new Arena(simulation, sample);
  const seed = await arena.addHonest({ isSeed: true });
  const answers = { hashes: 0, rejects: 0 };
  const usurer = arena.addHostile({
    name: 'asks for leaves without an end',
    begin: (line) => {
      wantAll(line);
      const [file] = line.layout.files;
      const range = {
        piecesRoot: file?.piecesRoot ?? line.bytes(32),
        baseLayer: 0,
        index: 0,
        length: 4,
        proofLayers: 0,
      };
      // So that it is not a flood yet.
      line.every(60, () => line.message(53, (buffer, at) => writeHashRequest(buffer, at, range)));
    },
    handlers: () => ({
      hashes: () => void answers.hashes++,
      hashReject: () => void answers.rejects++,
    }),
  });
  usurer.attack(seed.address);
  await simulation.advance(60_000);
  assert.ok(answers.hashes > 100, `${answers.hashes} answers`);
  assert.ok(answers.hashes < 320, `${answers.hashes} answers`);
  assert.ok(answers.rejects > 500, `${answers.rejects} rejects`);
  assert.deepEqual(arena.reasonsFor(usurer), []);
  await arena.close();
});
