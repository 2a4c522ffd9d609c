import { redactText } from '#libs/http';
import type { RunWrapper } from '#libs/jobs';
import { messageOf, runInContext } from '#libs/kernel';
import type { Tracer } from '#libs/telemetry';

/** Makes each run of a job a span of the trace of whoever added it, in whichever process it runs. */
export const tracedRuns =
  (tracer: Tracer): RunWrapper =>
  async (job, work) => {
    const { kind, id, subject, attempt, createdAt, traceparent: parent } = job;
    const span = tracer.begin(`job ${kind}`, {
      kind: 'consumer',
      parent,
      attributes: {
        'messaging.system': 'prediction_provider',
        'messaging.message.id': id,
        'prediction_provider.job.kind': kind,
        'prediction_provider.job.subject': subject,
        'prediction_provider.job.attempt': attempt,
        'prediction_provider.job.added_at': createdAt.toISOString(),
      },
    });
    try {
      await runInContext({ requestId: id, traceparent: span.traceparent }, work);
      span.end({});
    } catch (error) {
      span.end({ error: redactText(messageOf(error)) });
      throw error;
    }
  };
