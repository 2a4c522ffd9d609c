import { Injectable, StreamableFile } from '@nestjs/common';
import { WithHeaders } from '#libs/http';
import { AppError, type Actor } from '#libs/kernel';
import { ClientOrders } from '../marketplace/client-orders.port.js';
import { type OrderFile, OrderFiles, type OrderFileType } from '../marketplace/order-files.port.js';
import { completedOrder, type CompletedOrder } from './completed-order.js';
import { ForecastPicture } from './forecast-picture.js';
import { logsText, metadataJson, resultsCsv } from './download-texts.js';

/** The files of a completed order. */
export const DOWNLOADS = ['results.csv', 'plot.png', 'metadata.json', 'logs.txt'] as const;
type DownloadName = (typeof DOWNLOADS)[number];

/** What a file is recorded as, and how it is served. */
const DOWNLOAD_KINDS: Readonly<
  Record<DownloadName, { readonly fileType: OrderFileType; readonly mimeType: string }>
> = {
  'results.csv': { fileType: 'result_csv', mimeType: 'text/csv; charset=utf-8; header=present' },
  'plot.png': { fileType: 'plot', mimeType: 'image/png' },
  'metadata.json': { fileType: 'metadata', mimeType: 'application/json' },
  'logs.txt': { fileType: 'log', mimeType: 'text/plain; charset=utf-8' },
};

/** @throws AppError `bad_request` (`unknown_file`) with the names that there are */
function downloadNamed(name: string): DownloadName {
  const known = DOWNLOADS.find((one) => one === name);
  if (known !== undefined) return known;
  throw new AppError('bad_request', `Invalid file type. Allowed: ${DOWNLOADS.join(', ')}`, {
    code: 'unknown_file',
  });
}

/** The files of completed orders: made when they are first asked for, and the same bytes ever after. */
@Injectable()
export class DownloadFiles {
  constructor(
    private readonly orders: ClientOrders,
    private readonly files: OrderFiles,
    private readonly pictures: ForecastPicture,
  ) {}

  /**
   * @throws AppError `bad_request` for a name that is no file, `not_found`, `forbidden` as for reading the order and
   * for operators, `conflict` (`not_completed`) while there is no answer
   */
  async file(caller: Actor, orderId: string, name: string): Promise<WithHeaders<StreamableFile>> {
    const known = downloadNamed(name);
    const order = await this.orders.find(caller, orderId);
    if (!order.mayReadResult) {
      const original = 'Access denied to this prediction';
      throw new AppError('forbidden', 'Access denied', { code: 'not_owner', original });
    }
    if (order.status !== 'completed')
      throw new AppError('conflict', `There are no files: the order is ${order.status}`, {
        code: 'not_completed',
        original: 'Prediction must be completed to download files',
      });
    const kept = await this.files.find(order.id, known);
    if (kept !== null) return attachmentOf(kept);
    const completed = completedOrder(order, await this.orders.claims(caller, order.id));
    return attachmentOf(await this.#make(completed, known));
  }

  async #make(completed: CompletedOrder, name: DownloadName): Promise<OrderFile> {
    const content = await this.#contentOf(completed, name);
    return this.files.keep({
      orderId: completed.order.id,
      fileName: name,
      ...DOWNLOAD_KINDS[name],
      content: typeof content === 'string' ? Buffer.from(content, 'utf8') : content,
    });
  }

  #contentOf(completed: CompletedOrder, name: DownloadName): string | Promise<Uint8Array> {
    switch (name) {
      case 'results.csv':
        return resultsCsv(completed);
      case 'metadata.json':
        return metadataJson(completed);
      case 'logs.txt':
        return logsText(completed);
      case 'plot.png':
        return this.pictures.draw(completed);
    }
  }
}

const attachmentOf = ({
  orderId,
  fileName,
  mimeType,
  fileHash,
  fileSize,
  content,
}: OrderFile): WithHeaders<StreamableFile> =>
  new WithHeaders(
    new StreamableFile(content, {
      type: mimeType,
      length: fileSize,
      disposition: `attachment; filename="prediction-${orderId}-${fileName}"`,
    }),
    {
      ETag: `"${fileHash}"`,
      'Repr-Digest': `sha-256=:${Buffer.from(fileHash, 'hex').toString('base64')}:`,
    },
  );
