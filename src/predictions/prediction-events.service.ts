import { Injectable, type MessageEvent } from '@nestjs/common';
import { Observable } from 'rxjs';
import type { LoggedEvent } from '#libs/database';
import { toWire } from '#libs/http';
import { type Actor, Clock } from '#libs/kernel';
import { AwaitPrediction, isFinal } from './await-prediction.service.js';
import { PredictionRepository } from './prediction.repository.js';
import { PredictionOut } from './prediction.dto.js';
import { ReadPredictions } from './read-predictions.service.js';

/** A silent connection is cut by proxies after about 30 s; a comment keeps it open. */
const HEARTBEAT_MS = 15_000;

/** Live status: each change once, with a durable id, so that a client resumes with `Last-Event-ID` after a cut. */
@Injectable()
export class PredictionEvents {
  constructor(
    private readonly read: ReadPredictions,
    private readonly predictions: PredictionRepository,
    private readonly waiting: AwaitPrediction,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `not_found` or `forbidden` before the stream begins. */
  async follow(
    predictionId: number,
    caller: Actor | null,
    lastEventId?: string,
  ): Promise<Observable<MessageEvent>> {
    await this.read.one(predictionId, caller);
    return new Observable<MessageEvent>((subscriber) => {
      const stop = new AbortController();
      this.#pump(
        predictionId,
        resumeAfter(lastEventId),
        (message) => subscriber.next(message),
        stop.signal,
      ).then(
        () => subscriber.complete(),
        (error: unknown) => subscriber.error(error),
      );
      return () => stop.abort();
    });
  }

  async #pump(
    predictionId: number,
    lastEventId: number,
    send: (message: MessageEvent) => void,
    stop: AbortSignal,
  ): Promise<void> {
    let seen = lastEventId;
    let lastSent = this.clock.monotonic();
    while (!stop.aborted) {
      const change = this.waiting.nextChange(predictionId);
      stop.addEventListener('abort', change.cancel, { once: true });
      // Looked at before the steps: what ends between the two looks is told in the next round, not left out.
      const hasEnded = await this.#hasEnded(predictionId);
      const events = await this.predictions.stepsAfter(predictionId, seen);
      for (const event of events) {
        send(await this.#message(predictionId, event));
        seen = event.id;
        lastSent = this.clock.monotonic();
      }
      if (hasEnded || events.some(({ type }) => isFinal({ status: type }))) return change.cancel();
      if (this.clock.monotonic() - lastSent >= HEARTBEAT_MS) {
        send({ comment: 'still waiting' } as MessageEvent);
        lastSent = this.clock.monotonic();
      }
      await change.happened;
      stop.removeEventListener('abort', change.cancel);
    }
  }

  async #hasEnded(predictionId: number): Promise<boolean> {
    const prediction = await this.predictions.findById(predictionId);
    return prediction === null || isFinal(prediction);
  }

  async #message(predictionId: number, event: LoggedEvent): Promise<MessageEvent> {
    const data = { prediction_id: predictionId, status: event.type, at: event.createdAt.toISOString() };
    if (!isFinal({ status: event.type })) return { id: String(event.id), type: event.type, data };
    const prediction = await this.predictions.findById(predictionId);
    const full = prediction === null ? {} : { prediction: toWire(PredictionOut, prediction) };
    return { id: String(event.id), type: event.type, data: { ...data, ...full } };
  }
}

/** The id after which a listener goes on; from the beginning for anything that is no id of ours. */
const resumeAfter = (lastEventId: string | undefined): number =>
  /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : 0;
