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

/** Keeps what was made for download: made once, the same bytes ever after. */
export abstract class OrderFiles {
  /** Null when it was not made yet. */
  abstract find(orderId: string, fileName: string): Promise<OrderFile | null>;
  /** Keeps a file; when it is there already, the kept one is returned. */
  abstract keep(file: NewOrderFile): Promise<OrderFile>;
}
