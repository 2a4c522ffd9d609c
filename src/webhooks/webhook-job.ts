/** Kind of the jobs that call a receiver; the subject is the delivery's id. */
export const WEBHOOK_JOB = 'webhook';
