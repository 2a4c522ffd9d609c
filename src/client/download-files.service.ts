import { Injectable, StreamableFile } from '@nestjs/common';
import { WithHeaders } from '#libs/http';
import { AppError, type Actor } from '#libs/kernel';
import { ClientRequests } from '../marketplace/client-requests.port.js';
import { type PredictionFile, PredictionFiles } from '../marketplace/prediction-files.port.js';
import { completedRequest, type CompletedRequest } from './completed-request.js';
import { DOWNLOAD_KINDS, downloadNamed, type DownloadName } from './downloads.js';
import { ForecastPicture } from './forecast-picture.js';
import { logsText } from './logs-text.js';
import { metadataJson } from './metadata-json.js';
import { resultsCsv } from './results-csv.js';

/** The files of completed requests: made when they are first asked for, and the same bytes ever after. */
@Injectable()
export class DownloadFiles {
  constructor(
    private readonly requests: ClientRequests,
    private readonly files: PredictionFiles,
    private readonly pictures: ForecastPicture,
  ) {}

  /**
   * @throws AppError `bad_request` for a name that is no file, `not_found`, `forbidden` as for reading the request and
   * for operators, `conflict` (`not_completed`) while there is no answer
   */
  async file(caller: Actor, jobId: string, name: string): Promise<WithHeaders<StreamableFile>> {
    const known = downloadNamed(name);
    const job = await this.requests.find(caller, jobId);
    if (!job.mayReadResult) throw new AppError('forbidden', 'Access denied', { code: 'not_owner' });
    if (job.status !== 'completed')
      throw new AppError('conflict', `There are no files: the request is ${job.status}`, {
        code: 'not_completed',
      });
    const kept = await this.files.find(job.id, known);
    if (kept !== null) return attachmentOf(kept);
    const completed = completedRequest(job, await this.requests.claims(caller, job.id));
    return attachmentOf(await this.#make(completed, known));
  }

  async #make(completed: CompletedRequest, name: DownloadName): Promise<PredictionFile> {
    const content = await this.#contentOf(completed, name);
    return this.files.keep({
      predictionId: completed.job.id,
      fileName: name,
      ...DOWNLOAD_KINDS[name],
      content: typeof content === 'string' ? Buffer.from(content, 'utf8') : content,
    });
  }

  #contentOf(completed: CompletedRequest, name: DownloadName): string | Promise<Uint8Array> {
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
  predictionId,
  fileName,
  mimeType,
  fileHash,
  fileSize,
  content,
}: PredictionFile): WithHeaders<StreamableFile> =>
  new WithHeaders(
    new StreamableFile(content, {
      type: mimeType,
      length: fileSize,
      disposition: `attachment; filename="prediction-${predictionId}-${fileName}"`,
    }),
    {
      ETag: `"${fileHash}"`,
      'Repr-Digest': `sha-256=:${Buffer.from(fileHash, 'hex').toString('base64')}:`,
    },
  );
