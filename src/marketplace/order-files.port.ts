/** The files of a completed order. */
export type OrderFileType = 'result_csv' | 'plot' | 'metadata' | 'log';

export interface NewOrderFile {
  readonly orderId: string;
  readonly fileType: OrderFileType;
  /** Unique within an order, at most 255 characters. */
  readonly fileName: string;
  readonly mimeType: string;
  readonly content: Uint8Array;
}

export interface OrderFile extends NewOrderFile {
  /** Bytes. */
  readonly fileSize: number;
  /** SHA-256 of the content, 64 hexadecimal digits. */
  readonly fileHash: string;
  readonly createdAt: Date;
}

/** Stores the files made for download. A file is made once and never changes. */
export abstract class OrderFiles {
  /** Null when the file has not been made yet. */
  abstract find(orderId: string, fileName: string): Promise<OrderFile | null>;
  /** Stores a file. If it is already stored, returns the stored one. */
  abstract keep(file: NewOrderFile): Promise<OrderFile>;
}
