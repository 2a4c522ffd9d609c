/** The files of a completed job. */
export type PredictionFileType = 'result_csv' | 'plot' | 'metadata' | 'log';

export interface NewPredictionFile {
  readonly predictionId: string;
  readonly fileType: PredictionFileType;
  /** Unique within a job, at most 255 characters. */
  readonly fileName: string;
  readonly mimeType: string;
  readonly content: Uint8Array;
}

export interface PredictionFile extends NewPredictionFile {
  /** Bytes. */
  readonly fileSize: number;
  /** SHA-256 of the content, 64 hexadecimal digits. */
  readonly fileHash: string;
  readonly createdAt: Date;
}

/** Keeps what was made for download: made once, the same bytes ever after. */
export abstract class PredictionFiles {
  /** Null when it was not made yet. */
  abstract find(predictionId: string, fileName: string): Promise<PredictionFile | null>;
  /** Keeps a file; when it is there already, the kept one is returned. */
  abstract keep(file: NewPredictionFile): Promise<PredictionFile>;
}
