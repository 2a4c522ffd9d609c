import { AppError } from '#libs/kernel';
import type { OrderFileType } from '../marketplace/order-files.port.js';

/** The files of a completed order. */
export const DOWNLOADS = ['results.csv', 'plot.png', 'metadata.json', 'logs.txt'] as const;
export type DownloadName = (typeof DOWNLOADS)[number];

/** What a file is recorded as, and how it is served. */
export const DOWNLOAD_KINDS: Readonly<
  Record<DownloadName, { readonly fileType: OrderFileType; readonly mimeType: string }>
> = {
  'results.csv': { fileType: 'result_csv', mimeType: 'text/csv; charset=utf-8; header=present' },
  'plot.png': { fileType: 'plot', mimeType: 'image/png' },
  'metadata.json': { fileType: 'metadata', mimeType: 'application/json' },
  'logs.txt': { fileType: 'log', mimeType: 'text/plain; charset=utf-8' },
};

/** @throws AppError `bad_request` (`unknown_file`) with the names that there are */
export function downloadNamed(name: string): DownloadName {
  const known = DOWNLOADS.find((one) => one === name);
  if (known !== undefined) return known;
  throw new AppError('bad_request', `There is no such file; allowed are ${DOWNLOADS.join(', ')}`, {
    code: 'unknown_file',
  });
}
