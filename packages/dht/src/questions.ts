// The open questions of one family. An answer counts only from the endpoint that was asked, with the number of the
// question, which nobody can guess. Invariant: every question ends once, by an answer, an error, time or close.

import type { Clock, Endpoint, Random, Timer } from '@shoal/base';
import { lateAnswerMs, maxOpenQuestions } from './bounds.ts';
import { type Answer, readAnswer } from './codec/answer.ts';
import type { Message, Query } from './codec/krpc.ts';
import type { QuestionFrame } from './codec/question.ts';
import { writeQuestion } from './codec/question.ts';
import { RoundTrips } from './round-trips.ts';

export type Outcome =
  | { readonly kind: 'answered'; readonly answer: Answer; readonly rttMs: number; readonly isLate: boolean }
  | { readonly kind: 'refused'; readonly code: number; readonly message: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'closed' };

interface Question {
  readonly to: Endpoint;
  readonly askedMs: number;
  readonly settle: (outcome: Outcome) => void;
  /** Told of an answer that came after the time-out. */
  readonly onLate: (outcome: Outcome) => void;
  timer: Timer;
  isLate: boolean;
}

export interface QuestionsParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly frame: () => Omit<QuestionFrame, 'transaction'>;
  readonly send: (bytes: Uint8Array, to: Endpoint) => void;
}

const idle: Timer = { cancel() {} };

export class Questions {
  readonly roundTrips = new RoundTrips();
  readonly #parts: QuestionsParts;
  readonly #open = new Map<number, Question>();
  readonly #waiting: (() => void)[] = [];
  #openCount = 0;
  #isClosed = false;

  constructor(parts: QuestionsParts) {
    this.#parts = parts;
  }

  async ask(query: Query, to: Endpoint, onLate: (outcome: Outcome) => void): Promise<Outcome> {
    if (this.#openCount >= maxOpenQuestions)
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    if (this.#isClosed) return { kind: 'closed' };
    const { clock, random, frame, send } = this.#parts;
    let number = random.below(2 ** 32);
    while (this.#open.has(number)) number = random.below(2 ** 32);
    this.#openCount++;
    return new Promise((resolve) => {
      const settle = (outcome: Outcome): void => {
        this.#openCount--;
        this.#waiting.shift()?.();
        resolve(outcome);
      };
      const question: Question = { to, askedMs: clock.nowMs(), settle, onLate, timer: idle, isLate: false };
      question.timer = clock.setTimer(this.roundTrips.timeoutMs, () => this.#timeOut(number, question));
      this.#open.set(number, question);
      const transaction = Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number);
      send(writeQuestion({ ...frame(), transaction }, query), to);
    });
  }

  /** False for what answers no open question. */
  take(message: Message & { readonly kind: 'response' | 'error' }, from: Endpoint): boolean {
    const { transaction } = message;
    if (transaction.length !== 4) return false;
    const [a = 0, b = 0, c = 0, d = 0] = transaction;
    const number = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    const question = this.#open.get(number);
    if (question === undefined) return false;
    const { to, askedMs, isLate } = question;
    if (to.address !== from.address || to.port !== from.port) return false;
    this.#open.delete(number);
    question.timer.cancel();
    const rttMs = this.#parts.clock.nowMs() - askedMs;
    this.roundTrips.add(rttMs);
    const outcome: Outcome =
      message.kind === 'error'
        ? { kind: 'refused', code: message.code, message: message.message }
        : { kind: 'answered', answer: readAnswer(message.body, message.id), rttMs, isLate };
    if (isLate) question.onLate(outcome);
    else question.settle(outcome);
    return true;
  }

  close(): void {
    this.#isClosed = true;
    for (const question of this.#open.values()) {
      question.timer.cancel();
      if (!question.isLate) question.settle({ kind: 'closed' });
    }
    this.#open.clear();
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #timeOut(number: number, question: Question): void {
    question.isLate = true;
    question.timer = this.#parts.clock.setTimer(lateAnswerMs, () => void this.#open.delete(number));
    question.settle({ kind: 'timeout' });
  }
}
