// Hashes of v2 files (BEP 52): piece layers fetched when a link led here, leaves fetched to name a liar, both given to
// those who ask. Invariant: a hash is used only after `PieceHashes.takeAnswer` has proved it.

import type { HashRequest, PieceHashes } from '@shoal/metainfo';
import type { Content } from '@shoal/storage';
import * as bound from './bounds.ts';
import type { Pace } from './pace.ts';
import type { Peer } from './peer.ts';
import { blockLength } from './picker/picker.ts';

interface Question {
  readonly request: HashRequest;
  readonly tried: Set<Peer>;
  peer: Peer | undefined;
  askedAtMs: number;
  /** Called once: with the proved hashes, or with nothing when nobody could say. */
  readonly answer: (hashes: Uint8Array | undefined) => void;
  readonly endsMs: number;
}

export interface HashExchangeOptions {
  readonly peers: ReadonlySet<Peer>;
  readonly hashes: PieceHashes;
  readonly pieceCount: number;
  /** Absent until the content is open. */
  readonly content: () => Content | undefined;
  readonly nowMs: () => number;
}

export class HashExchange {
  readonly #o: HashExchangeOptions;
  readonly #questions = new Map<string, Question>();
  /** The first piece whose hash may be unknown. */
  #cursor = 0;

  constructor(options: HashExchangeOptions) {
    this.#o = options;
  }

  /** Asks for piece layers that are missing; true when none is. */
  fetchLayers(): boolean {
    const { hashes, pieceCount, nowMs } = this.#o;
    if (hashes.isComplete) return true;
    while (this.#questions.size < bound.hashQuestions && this.#cursor < pieceCount) {
      const request = hashes.requestFor(this.#cursor);
      if (request === undefined) {
        this.#cursor++;
        continue;
      }
      const key = keyOf(request);
      if (this.#questions.has(key)) {
        // Under way for this and the pieces after it.
        this.#cursor += Math.min(request.length, pieceCount - this.#cursor);
        continue;
      }
      this.#put(key, {
        request,
        tried: new Set(),
        peer: undefined,
        askedAtMs: nowMs(),
        endsMs: Number.POSITIVE_INFINITY,
        answer: () => {
          this.#cursor = 0;
        },
      });
    }
    return false;
  }

  /** The leaves of a piece whose hash is known; undefined when nobody says them in time. */
  fetchLeaves(piece: number): Promise<Uint8Array | undefined> {
    const { hashes, nowMs } = this.#o;
    const request = hashes.leafRequestFor(piece);
    // Under way already: whoever asked first will act on it.
    if (
      request === undefined ||
      this.#questions.has(keyOf(request)) ||
      this.#questions.size >= 4 * bound.hashQuestions
    )
      return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#put(keyOf(request), {
        request,
        tried: new Set(),
        peer: undefined,
        askedAtMs: nowMs(),
        endsMs: nowMs() + bound.answerMs,
        answer: (proved) => resolve(proved?.slice(0, request.length * 32)),
      });
    });
  }

  tick(): void {
    const nowMs = this.#o.nowMs();
    for (const [key, question] of this.#questions) {
      if (
        nowMs > question.endsMs ||
        (question.endsMs < Number.POSITIVE_INFINITY && this.#nobodyLeft(question))
      ) {
        this.#questions.delete(key);
        question.answer(undefined);
      } else if (question.peer === undefined || nowMs - question.askedAtMs > bound.answerMs / 3)
        this.#ask(question);
    }
  }

  came(peer: Peer, range: HashRequest, hashes: Uint8Array): void {
    peer.extension.hashes.answered(range);
    const key = keyOf(range);
    peer.extension.hashesAsked.delete(key);
    const question = this.#questions.get(key);
    // Somebody else was quicker.
    if (question === undefined) return;
    if (!this.#o.hashes.takeAnswer(question.request, hashes)) {
      peer.leave({ code: 'lied', message: 'its hashes do not lead to the root', isBan: true });
      return;
    }
    this.#questions.delete(key);
    question.answer(hashes);
  }

  rejected(peer: Peer, range: HashRequest): void {
    peer.extension.hashes.answered(range);
    peer.extension.hashesAsked.delete(keyOf(range));
    const question = this.#questions.get(keyOf(range));
    if (question?.peer === peer) this.#ask(question);
  }

  left(peer: Peer): void {
    for (const question of this.#questions.values()) {
      question.tried.delete(peer);
      if (question.peer === peer) this.#ask(question);
    }
  }

  /** A peer asks us. */
  async requested(peer: Peer, range: HashRequest): Promise<void> {
    const { extension } = peer;
    if (extension.hashAnswers >= bound.hashAnswersAtOnce) {
      peer.outbox.hashReject(range);
      return;
    }
    // The bytes of the message are only valid now.
    const request = { ...range, piecesRoot: range.piecesRoot.slice() };
    extension.hashAnswers++;
    try {
      const hashes = await this.#answerFor(request, extension.leafPace);
      if (peer.hasLeft) return;
      if (hashes === undefined) peer.outbox.hashReject(request);
      else peer.outbox.hashes(request, hashes);
    } finally {
      extension.hashAnswers--;
    }
  }

  close(): void {
    for (const question of this.#questions.values()) question.answer(undefined);
    this.#questions.clear();
  }

  async #answerFor(request: HashRequest, leafPace: Pace): Promise<Uint8Array | undefined> {
    const { hashes } = this.#o;
    const needed = hashes.leavesNeeded(request);
    if (needed === undefined) return hashes.answer(request);
    const content = this.#o.content();
    if (content === undefined || request.length > bound.leavesAnswered) return undefined;
    if (!leafPace.takes(this.#o.nowMs())) return undefined;
    const parts: Uint8Array[] = [];
    for (let piece = needed.first; piece < needed.end; piece++) {
      if (!content.good.has(piece)) return undefined;
      const { verdict, leaves } = await content
        .judge(piece)
        .catch(() => ({ verdict: 'missing', leaves: undefined }));
      if (verdict !== 'good' || leaves === undefined) return undefined;
      parts.push(leaves);
    }
    const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      joined.set(part, at);
      at += part.length;
    }
    const leavesPerPiece = content.layout.pieceLength / blockLength;
    const firstLeaf = request.index - (request.index % leavesPerPiece);
    return hashes.answer(request, { hashes: joined, firstLeaf });
  }

  #put(key: string, question: Question): void {
    this.#questions.set(key, question);
    this.#ask(question);
  }

  #ask(question: Question): void {
    question.peer = undefined;
    const key = keyOf(question.request);
    let candidate: Peer | undefined;
    for (const peer of this.#o.peers) {
      if (peer.hasLeft || !peer.speaksV2 || !peer.extension.hashes.hasRoom) continue;
      if (question.tried.has(peer) || peer.extension.hashesAsked.has(key)) continue;
      if (candidate === undefined || countOf(peer) > countOf(candidate)) candidate = peer;
    }
    if (candidate === undefined) {
      // Everybody was asked: from the beginning, at the next tick.
      if (question.endsMs === Number.POSITIVE_INFINITY) question.tried.clear();
      return;
    }
    question.tried.add(candidate);
    question.peer = candidate;
    question.askedAtMs = this.#o.nowMs();
    candidate.extension.hashes.asked(question.request);
    candidate.extension.hashesAsked.add(key);
    candidate.outbox.hashRequest(question.request);
  }

  #nobodyLeft(question: Question): boolean {
    if (question.peer !== undefined) return false;
    for (const peer of this.#o.peers) if (!question.tried.has(peer) && peer.speaksV2) return false;
    return true;
  }
}

function countOf(peer: Peer): number {
  return peer.pieces?.count ?? 0;
}

function keyOf(range: HashRequest): string {
  return `${range.piecesRoot.join('.')}/${range.baseLayer}/${range.index}/${range.length}/${range.proofLayers}`;
}
