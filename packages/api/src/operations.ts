// Every operation of the node's API, once. Whatever is not a GET changes something, and takes the token.

import { configAnswer, configChange, health, nodeFacts, nodeStatistics } from './node.ts';
import type { Operation } from './operation.ts';
import {
  bulkAnswer,
  bulkRequest,
  fileChoice,
  finderSummary,
  logEntry,
  moveRequest,
  newTransfer,
  peerSummary,
  pieceMap,
  renameRequest,
  transferChange,
  transferDetails,
  transferFile,
  transferId,
  transferList,
  transferQuery,
  transferSummary,
} from './transfers.ts';

const one = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id: transferId },
} as const;

const oneFile = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'file'],
  properties: { id: transferId, file: { type: 'integer', minimum: 0 } },
} as const;

const listOf = <const Item extends object>(items: Item) => ({ type: 'array', items }) as const;

export const operations = {
  health: { method: 'GET', path: '/health', summary: 'Whether the node is well', answer: health },
  node: {
    method: 'GET',
    path: '/api/node',
    summary: 'Who the node is and whom it reaches',
    answer: nodeFacts,
  },
  statistics: {
    method: 'GET',
    path: '/api/statistics',
    summary: 'Rates and sums over all transfers',
    answer: nodeStatistics,
  },
  metrics: {
    method: 'GET',
    path: '/metrics',
    summary: 'Counters and gauges in the text format of Prometheus',
    answerType: 'text/plain',
  },
  config: { method: 'GET', path: '/api/config', summary: 'Every key of the config', answer: configAnswer },
  changeConfig: {
    method: 'PATCH',
    path: '/api/config',
    summary: 'Set keys of the config, all or none',
    body: configChange,
    answer: configAnswer,
  },
  openSession: {
    method: 'POST',
    path: '/api/session',
    summary: 'Take a cookie for the token, which pages then need not know',
  },
  events: {
    method: 'GET',
    path: '/api/events',
    summary: 'What changes, as server-sent events',
    query: {
      type: 'object',
      additionalProperties: false,
      properties: { since: { type: 'string', maxLength: 100, description: 'a revision; as Last-Event-ID' } },
    },
    answerType: 'text/event-stream',
  },
  transfers: {
    method: 'GET',
    path: '/api/transfers',
    summary: 'The transfers',
    query: transferQuery,
    answer: transferList,
  },
  addTransfer: {
    method: 'POST',
    path: '/api/transfers',
    summary: 'Add one, by link, URL, torrent file or path',
    body: newTransfer,
    answer: transferSummary,
    status: 201,
  },
  bulk: {
    method: 'POST',
    path: '/api/transfers/bulk',
    summary: 'Do the same with many',
    body: bulkRequest,
    answer: bulkAnswer,
  },
  transfer: {
    method: 'GET',
    path: '/api/transfers/{id}',
    summary: 'One transfer',
    params: one,
    answer: transferDetails,
  },
  changeTransfer: {
    method: 'PATCH',
    path: '/api/transfers/{id}',
    summary: 'Change labels, limits, goals, its place or its mode',
    params: one,
    body: transferChange,
    answer: transferSummary,
  },
  removeTransfer: {
    method: 'DELETE',
    path: '/api/transfers/{id}',
    summary: 'Forget it, and with files=true remove what it fetched',
    params: one,
    query: { type: 'object', additionalProperties: false, properties: { files: { type: 'boolean' } } },
  },
  pauseTransfer: {
    method: 'POST',
    path: '/api/transfers/{id}/pause',
    summary: 'Pause it',
    params: one,
    answer: transferSummary,
  },
  resumeTransfer: {
    method: 'POST',
    path: '/api/transfers/{id}/resume',
    summary: 'Let it go on, or try again',
    params: one,
    answer: transferSummary,
  },
  verifyTransfer: {
    method: 'POST',
    path: '/api/transfers/{id}/verify',
    summary: 'Look at all its files again',
    params: one,
    answer: transferSummary,
    status: 202,
  },
  moveTransfer: {
    method: 'POST',
    path: '/api/transfers/{id}/move',
    summary: 'Take its files elsewhere, or find them there',
    params: one,
    body: moveRequest,
    answer: transferSummary,
    status: 202,
  },
  renameTransfer: {
    method: 'POST',
    path: '/api/transfers/{id}/rename',
    summary: 'Give a file or folder in it another name',
    params: one,
    body: renameRequest,
    answer: transferSummary,
  },
  files: {
    method: 'GET',
    path: '/api/transfers/{id}/files',
    summary: 'Its files',
    params: one,
    answer: listOf(transferFile),
  },
  chooseFiles: {
    method: 'PATCH',
    path: '/api/transfers/{id}/files',
    summary: 'Which files are wanted, and how soon',
    params: one,
    body: fileChoice,
    answer: listOf(transferFile),
  },
  content: {
    method: 'GET',
    path: '/api/transfers/{id}/files/{file}/content',
    summary: 'Bytes of a file while it comes; answers ranges',
    params: oneFile,
    answerType: 'application/octet-stream',
  },
  playlist: {
    method: 'GET',
    path: '/api/transfers/{id}/playlist.m3u8',
    summary: 'Its films and sounds as a playlist',
    params: one,
    answerType: 'audio/x-mpegurl',
  },
  torrentFile: {
    method: 'GET',
    path: '/api/transfers/{id}/torrent',
    summary: 'Its torrent file',
    params: one,
    answerType: 'application/x-bittorrent',
  },
  peers: {
    method: 'GET',
    path: '/api/transfers/{id}/peers',
    summary: 'Whom it is connected with',
    params: one,
    answer: listOf(peerSummary),
  },
  addPeers: {
    method: 'POST',
    path: '/api/transfers/{id}/peers',
    summary: 'Tell it of peers',
    params: one,
    body: {
      type: 'object',
      additionalProperties: false,
      required: ['peers'],
      properties: {
        peers: { type: 'array', items: { type: 'string', maxLength: 300 }, minItems: 1, maxItems: 1000 },
      },
    },
  },
  pieces: {
    method: 'GET',
    path: '/api/transfers/{id}/pieces',
    summary: 'Which pieces are here, and who has the others',
    params: one,
    answer: pieceMap,
  },
  finders: {
    method: 'GET',
    path: '/api/transfers/{id}/finders',
    summary: 'Trackers and all others who were asked, with their last answers',
    params: one,
    answer: listOf(finderSummary),
  },
  log: {
    method: 'GET',
    path: '/api/transfers/{id}/log',
    summary: 'What happened to it and why, the newest last',
    params: one,
    answer: listOf(logEntry),
  },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;
