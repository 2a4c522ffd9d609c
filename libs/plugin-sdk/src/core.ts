/** What a core switches on in the server. Everything else of the API is always there. */
export interface CoreFeatures {
  /** Serve the synchronous entry/exit endpoints (`/api/v1/model/info`, `/api/v1/predict/...`). */
  readonly syncEndpoints: boolean;
}
