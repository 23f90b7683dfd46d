// The verbs there are, in the order of the help. A verb's file is loaded only when that verb is asked for.

import type { VerbEntry } from './verb.ts';

export const verbs: readonly VerbEntry[] = [
  { name: 'up', summary: 'run the node, until Ctrl-C', load: () => import('./verbs/up.ts') },
  { name: 'share', summary: 'share files and folders', load: () => import('./verbs/share.ts') },
  {
    name: 'get',
    summary: 'fetch what a link or torrent file names',
    load: () => import('./verbs/get.ts'),
  },
  {
    name: 'list',
    summary: 'list the transfers of the running node',
    load: () => import('./verbs/list.ts'),
  },
  {
    name: 'show',
    summary: 'show one transfer: files, peers, pieces, finders, log',
    load: () => import('./verbs/show.ts'),
  },
  { name: 'top', summary: 'watch the running node, live', load: () => import('./verbs/top.ts') },
  {
    name: 'pause',
    summary: 'pause transfers',
    load: () => import('./verbs/pause.ts'),
  },
  {
    name: 'resume',
    summary: 'let transfers go on, or try again',
    load: () => import('./verbs/resume.ts'),
  },
  {
    name: 'remove',
    summary: 'forget transfers, and with --files remove what they fetched',
    load: () => import('./verbs/remove.ts'),
  },
  {
    name: 'verify',
    summary: 'look at all files of transfers again',
    load: () => import('./verbs/verify.ts'),
  },
  {
    name: 'move',
    summary: 'take the files of transfers to another folder',
    load: () => import('./verbs/move.ts'),
  },
  {
    name: 'rename',
    summary: 'give files of a transfer another name',
    load: () => import('./verbs/rename.ts'),
  },
  {
    name: 'select',
    summary: 'choose which files of a transfer are wanted, and how soon',
    load: () => import('./verbs/select.ts'),
  },
  {
    name: 'set',
    summary: 'set limits, labels, goals and places of transfers',
    load: () => import('./verbs/set.ts'),
  },
  {
    name: 'labels',
    summary: 'give labels a folder, where what has them goes',
    load: () => import('./verbs/labels.ts'),
  },
  {
    name: 'feeds',
    summary: 'follow RSS and Atom feeds, and take what fits',
    load: () => import('./verbs/feeds.ts'),
  },
  {
    name: 'make',
    summary: 'make a torrent file of a file or folder',
    load: () => import('./verbs/make.ts'),
  },
  {
    name: 'inspect',
    summary: 'show what is in a torrent file or magnet link',
    load: () => import('./verbs/inspect.ts'),
  },
  {
    name: 'check',
    summary: 'say which files and pieces in a folder are good',
    load: () => import('./verbs/check.ts'),
  },
  {
    name: 'doctor',
    summary: 'say what is wrong here, and what to do',
    load: () => import('./verbs/doctor.ts'),
  },
  {
    name: 'serve',
    summary: 'serve a folder over HTTP, the client-server way',
    load: () => import('./verbs/serve.ts'),
  },
  {
    name: 'compare',
    summary: 'send a file to several both ways, and say what the difference is',
    load: () => import('./verbs/compare.ts'),
  },
  {
    name: 'config',
    summary: 'show the config, or what it may hold',
    load: () => import('./verbs/config.ts'),
  },
  {
    name: 'dht',
    summary: 'run or ask the Mainline DHT by itself',
    load: () => import('./verbs/dht.ts'),
  },
  {
    name: 'bench',
    summary: "measure this machine and others' programs beside it",
    load: () => import('./verbs/bench.ts'),
  },
  {
    name: 'sim',
    summary: 'measure thousands of nodes in a virtual world',
    load: () => import('./verbs/sim.ts'),
  },
  {
    name: 'peers',
    summary: 'say who has what a link or torrent file names',
    load: () => import('./verbs/peers.ts'),
  },
  {
    name: 'index',
    summary: 'run a central index: a tracker, and what hangs on it',
    load: () => import('./verbs/index.ts'),
  },
  {
    name: 'magnet-handler',
    summary: 'open magnet links of web pages with this command',
    load: () => import('./verbs/magnet-handler.ts'),
  },
  {
    name: 'completions',
    summary: 'print what bash, zsh or fish need to complete this command',
    load: () => import('./verbs/completions.ts'),
  },
  { name: 'man', summary: 'show, print or write the man pages', load: () => import('./verbs/man.ts') },
  { name: 'find', summary: 'search the indexes', load: () => import('./verbs/find.ts') },
  {
    name: 'publish',
    summary: 'say in the indexes what a torrent is',
    load: () => import('./verbs/publish.ts'),
  },
  { name: 'rate', summary: 'rate or report what is published', load: () => import('./verbs/rate.ts') },
  { name: 'withdraw', summary: 'take back what you published', load: () => import('./verbs/withdraw.ts') },
  { name: 'id', summary: 'print who this node is', load: () => import('./verbs/id.ts') },
];
