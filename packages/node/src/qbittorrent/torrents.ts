// What the Web API does below `torrents/`: lists and one torrent, and all that changes it.

import { basename, dirname, isAbsolute, join } from 'node:path';
import { parsePeer, resolvePeers } from '../engine/addresses.ts';
import { piecesOf, summaryOf } from '../transfers/describe.ts';
import type { Item } from '../transfers/item.ts';
import { each, moveInQueue } from '../transfers/many.ts';
import type { Priority } from '../transfers/record.ts';
import { readTorrentBytes } from '../transfers/torrent-files.ts';
import { add, goalsOf } from './adding.ts';
import { type Actions, hashOf, itemOf, itemsOf, type WebApiParts } from './api.ts';
import { fileList, pieceHashes, properties, saveFolder, trackerList } from './describe.ts';
import { WebApiError } from './errors.ts';
import type { Form } from './form.ts';
import { labelActions } from './labels.ts';
import { listTorrents } from './listing.ts';

export function torrentActions(parts: WebApiParts): Actions {
  const { transfers, labels, world, live } = parts;
  const one = (form: Form) => itemOf(transfers, form);
  const many = (form: Form) => itemsOf(transfers, form);
  const torrentOf = async (item: Item) => {
    const torrent = await transfers.torrentOf(item);
    if (torrent === undefined) throw new WebApiError('conflict', "Torrent's metadata has not yet downloaded");
    return torrent;
  };
  const queue = (to: 'top' | 'bottom' | 'up' | 'down') => ({
    changes: true,
    async run({ form }: { readonly form: Form }) {
      await moveInQueue(transfers, many(form), to);
      return undefined;
    },
  });
  const act = (action: (item: Item, form: Form) => Promise<void>) => ({
    changes: true,
    async run({ form }: { readonly form: Form }) {
      await each(many(form), (item) => action(item, form));
      return undefined;
    },
  });
  const setLimit = (side: 'up' | 'down') => ({
    changes: true,
    async run({ form }: { readonly form: Form }) {
      form.needed('limit');
      const limit = form.number('limit') ?? 0;
      await each(many(form), (item) =>
        transfers.change(item, { limits: { [side]: limit > 0 ? limit : null } }),
      );
      return undefined;
    },
  });
  const limits = (side: 'up' | 'down') => ({
    run: ({ form }: { readonly form: Form }) =>
      Object.fromEntries(many(form).map((item) => [hashOf(item), item.record.limits[side] ?? 0])),
  });
  const pause = act((item) => transfers.pause(item));
  const resume = act((item) => transfers.resume(item));

  return {
    ...labelActions(parts),
    info: { run: ({ form }) => listTorrents(form, parts) },
    count: { run: () => String(transfers.all.length) },
    properties: {
      async run({ form }) {
        const item = one(form);
        const torrent = await transfers.torrentOf(item);
        const summary = summaryOf(item, transfers.all.indexOf(item));
        return properties(item, torrent, summary, world.clock.wallTimeMs());
      },
    },
    files: {
      async run({ form }) {
        const item = one(form);
        const torrent = await transfers.torrentOf(item);
        const files = torrent === undefined ? [] : fileList(item, torrent);
        const asked = form.list('indexes', '|').map(Number);
        if (asked.some((index) => files[index] === undefined))
          throw new WebApiError('conflict', 'File index is not valid');
        return asked.length === 0 ? files : files.filter(({ index }) => asked.includes(index));
      },
    },
    trackers: {
      run({ form }) {
        const isOwnWay = live.config.network !== 'centralized';
        const lan = isOwnWay && live.config.lan === 'on';
        return trackerList(one(form), { dht: isOwnWay, exchange: isOwnWay, lan });
      },
    },
    webseeds: {
      async run({ form }) {
        const item = one(form);
        const torrent = await transfers.torrentOf(item);
        const urls = new Set([...(torrent?.webSeeds ?? []), ...item.record.webSeeds]);
        return [...urls].map((url) => ({ url }));
      },
    },
    pieceStates: {
      async run({ form }) {
        const item = one(form);
        return [...Buffer.from(piecesOf(item, await transfers.torrentOf(item)).states, 'base64')];
      },
    },
    pieceHashes: {
      async run({ form }) {
        const torrent = await transfers.torrentOf(one(form));
        return torrent === undefined ? [] : pieceHashes(torrent);
      },
    },
    export: {
      async run({ form }) {
        const bytes = await readTorrentBytes(transfers.disk, one(form).stateFolder);
        if (bytes === undefined) throw new WebApiError('conflict', 'Unable to export torrent file');
        return bytes;
      },
    },
    add: { changes: true, run: (call) => add(call, parts) },
    delete: {
      changes: true,
      async run({ form }) {
        form.needed('deleteFiles');
        const files = form.flag('deleteFiles') === true;
        await each(many(form), (item) => transfers.remove(item, files));
        return undefined;
      },
    },
    pause,
    stop: pause,
    resume,
    start: resume,
    recheck: act((item) => transfers.verify(item)),
    reannounce: act(async (item) => transfers.announce(item)),
    setForceStart: {
      changes: true,
      async run({ form }) {
        form.needed('value');
        const isForced = form.flag('value') === true;
        await each(many(form), async (item) => {
          await transfers.change(item, { isForced });
          if (item.record.isPaused) await transfers.resume(item);
        });
        return undefined;
      },
    },
    setSuperSeeding: {
      changes: true,
      async run({ form }) {
        form.needed('value');
        const mode = form.flag('value') === true ? 'super-seed' : 'usual';
        await each(many(form), (item) => transfers.change(item, { mode }));
        return undefined;
      },
    },
    setAutoManagement: {
      changes: true,
      async run({ form }) {
        form.needed('enable');
        if (form.flag('enable') !== true) return undefined;
        await each(many(form), async (item) => {
          const folder = labels.folderOf(item.record.labels);
          if (folder !== undefined && folder !== saveFolder(item)) await transfers.move(item, folder, false);
        });
        return undefined;
      },
    },
    setLocation: {
      changes: true,
      async run({ form }) {
        form.needed('hashes');
        const folder = form.needed('location').trim();
        if (folder === '') throw new WebApiError('bad-request', 'Save path cannot be empty');
        if (!isAbsolute(folder)) throw new WebApiError('conflict', 'Cannot make save path');
        try {
          await world.disk.makeFolder(folder);
        } catch {
          throw new WebApiError('conflict', 'Cannot make save path');
        }
        await each(many(form), async (item) => transfers.move(item, folder, await isFoundIn(item, folder)));
        return undefined;
      },
    },
    rename: {
      changes: true,
      async run({ form }) {
        const item = one(form);
        const name = form
          .needed('name')
          .replace(/\p{Cc}+/gu, ' ')
          .trim();
        if (name === '' || name.length > 255) throw new WebApiError('conflict', 'Incorrect torrent name');
        await transfers.retitle(item, name);
        return undefined;
      },
    },
    renameFile: { changes: true, run: ({ form }) => renamePath(form, 'file') },
    renameFolder: { changes: true, run: ({ form }) => renamePath(form, 'folder') },
    filePrio: {
      changes: true,
      async run({ form }) {
        for (const key of ['hash', 'id', 'priority']) form.needed(key);
        const priority = filePriorities.get(form.needed('priority').trim());
        if (priority === undefined) throw new WebApiError('bad-request', 'Priority is not valid');
        const numbers = form.list('id', '|');
        if (numbers.length === 0 || numbers.some((number) => !/^\d{1,9}$/.test(number)))
          throw new WebApiError('bad-request', 'File IDs must be integers');
        const item = one(form);
        const torrent = await torrentOf(item);
        const indexes = torrent.layout.files.flatMap(({ isPad }, index) => (isPad ? [] : index));
        const files = numbers.map((number) => indexes[Number(number)]);
        if (!files.every((file) => file !== undefined))
          throw new WebApiError('conflict', 'File ID is not valid');
        await transfers.choose(item, torrent, { priority, files });
        return undefined;
      },
    },
    setShareLimits: {
      changes: true,
      async run({ form }) {
        form.needed('ratioLimit');
        form.needed('seedingTimeLimit');
        const goals = goalsOf(form.number('ratioLimit'), form.number('seedingTimeLimit')) ?? {};
        await each(many(form), (item) => transfers.change(item, { goals }));
        return undefined;
      },
    },
    setUploadLimit: setLimit('up'),
    setDownloadLimit: setLimit('down'),
    uploadLimit: limits('up'),
    downloadLimit: limits('down'),
    topPrio: queue('top'),
    bottomPrio: queue('bottom'),
    increasePrio: queue('up'),
    decreasePrio: queue('down'),
    addTrackers: {
      changes: true,
      async run({ form }) {
        form.needed('urls');
        const item = one(form);
        // Lines, where an empty one begins a new tier.
        const known = new Set(item.record.trackers.flat());
        const urls = form.list('urls', '\n').filter((url) => !known.has(url));
        if (!urls.every(isTracker)) throw new WebApiError('bad-request', 'One of these is no tracker URL');
        if (known.size + urls.length > mostTrackers)
          throw new WebApiError('conflict', `A torrent has at most ${mostTrackers} trackers`);
        if (urls.length > 0)
          await transfers.setTrackers(item, [
            ...item.record.trackers,
            ...[...new Set(urls)].map((url) => [url]),
          ]);
        return undefined;
      },
    },
    editTracker: {
      changes: true,
      async run({ form }) {
        const [from, to] = [form.needed('origUrl').trim(), form.needed('newUrl').trim()];
        const item = one(form);
        const known = item.record.trackers.flat();
        if (!known.includes(from)) throw new WebApiError('conflict', 'Tracker not found');
        if (from === to) return undefined;
        if (!isTracker(to)) throw new WebApiError('bad-request', 'New tracker URL is invalid');
        if (known.includes(to)) throw new WebApiError('conflict', 'New tracker URL already exists');
        const change = (url: string) => (url === from ? to : url);
        await transfers.setTrackers(
          item,
          item.record.trackers.map((tier) => tier.map(change)),
        );
        return undefined;
      },
    },
    removeTrackers: {
      changes: true,
      async run({ form }) {
        form.needed('urls');
        const gone = new Set(form.list('urls', '|'));
        const items = form.text('hash') === '*' ? transfers.all : [one(form)];
        const changed = items.filter((item) => item.record.trackers.flat().some((url) => gone.has(url)));
        await each(changed, (item) => {
          const tiers = item.record.trackers.map((tier) => tier.filter((url) => !gone.has(url)));
          return transfers.setTrackers(
            item,
            tiers.filter((tier) => tier.length > 0),
          );
        });
        return undefined;
      },
    },
    addPeers: {
      changes: true,
      async run({ form }) {
        form.needed('hashes');
        form.needed('peers');
        const given = form.list('peers', '|');
        const peers = given.flatMap((peer) => {
          try {
            return /^(?:\d+(?:\.\d+){3}|\[[0-9a-f:.]+\]):\d+$/i.test(peer) ? parsePeer(peer) : [];
          } catch {
            return [];
          }
        });
        if (peers.length === 0) throw new WebApiError('bad-request', 'No valid peers were specified');
        const addresses = await resolvePeers(world, peers);
        const answer: Record<string, object> = {};
        for (const item of many(form)) {
          transfers.addPeers(item, addresses);
          answer[hashOf(item)] = { added: addresses.length, failed: given.length - addresses.length };
        }
        return answer;
      },
    },
  };

  /** With nothing of it where it was, what has its name in the new place is what somebody wants to go on with. */
  async function isFoundIn({ transfer, record }: Item, folder: string): Promise<boolean> {
    if (transfer.progress.bytes > 0 || record.bytes > 0) return false;
    return world.disk.stat(join(folder, transfer.name)).then(
      () => true,
      () => false,
    );
  }

  async function renamePath(form: Form, kind: 'file' | 'folder') {
    const item = one(form);
    const [from, to] = [trimmed(form.needed('oldPath')), trimmed(form.needed('newPath'))];
    const torrent = await torrentOf(item);
    const names = fileList(item, torrent).map(({ name }) => name);
    const isThere =
      kind === 'file' ? names.includes(from) : names.some((name) => name.startsWith(`${from}/`));
    if (!isThere || from === '') throw new WebApiError('conflict', `No such ${kind}: '${from}'.`);
    if (dirname(from) !== dirname(to))
      throw new WebApiError('conflict', 'It can only get another name where it is.');
    if (names.some((name) => name === to || name.startsWith(`${to}/`)))
      throw new WebApiError('conflict', `The ${kind} already exists: '${to}'.`);
    // Below the torrent's own folder, or that folder or file itself.
    const inside = torrent.folder === undefined ? '' : from.split('/').slice(1).join('/');
    await transfers.rename(item, inside, basename(to));
    return undefined;
  }
}

const filePriorities: ReadonlyMap<string, Priority> = new Map([
  ['0', 'skip'],
  ['1', 'normal'],
  ['4', 'normal'],
  ['6', 'high'],
  ['7', 'high'],
]);

/** As many as the API takes for a new one. */
const mostTrackers = 100;

function isTracker(url: string): boolean {
  return /^(?:https?|udp|wss?):\/\/[^\s]+$/i.test(url) && url.length <= 8192 && URL.canParse(url);
}

function trimmed(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}
