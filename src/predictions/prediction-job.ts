/** Kind of the jobs that compute core predictions; their subject is the prediction's id as text. */
export const PREDICTION_JOB = 'core_prediction';
