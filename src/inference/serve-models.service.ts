import { Inject, Injectable, StreamableFile } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { RawBytes, WithHeaders } from '#libs/http';
import { AppError, isRecord, OutageError } from '#libs/kernel';
import {
  BINARY_EXTENSION,
  BINARY_TYPE,
  encodeMessage,
  HEADER_LENGTH,
  type Parameters,
  readTensors,
  splitMessage,
  type NumberTensor,
  tensorFault,
} from '#libs/open-inference';
import { PluginRegistry, type PredictorHandle } from '#libs/plugin-host';
import { ENDPOINTS_HOST, type EndpointsHost, type TensorModel } from '#libs/plugin-sdk';
import { readQuestion, type WantedOutput } from './infer-question.js';
import type { ModelOut, ModelReadyOut, ServerLiveOut, ServerOut } from './inference.dto.js';

/** A model as the path names it. */
interface Named {
  readonly model: string;
  readonly version: string | null;
}

/** Who computes a model. */
interface Server {
  readonly predictor: PredictorHandle;
  readonly modelName: string | null;
}

/** The models of this service, by the Open Inference Protocol. */
@Injectable()
export class ServeModels {
  constructor(
    private readonly registry: PluginRegistry,
    @Inject(ENDPOINTS_HOST) private readonly host: EndpointsHost,
    private readonly config: AppConfig,
  ) {}

  server(): ServerOut {
    return { name: 'prediction-provider', version: this.host.version, extensions: [BINARY_EXTENSION] };
  }

  /** @throws AppError `unavailable` naming what is not ready */
  async ready(): Promise<ServerLiveOut> {
    const down = (await this.host.readiness()).filter(({ up }) => !up).map(({ name }) => name);
    for (const id of this.registry.ids('predictor')) {
      const loaded = this.registry.status().find((one) => one.id === id)?.status === 'active';
      const predictor = loaded ? await this.registry.usable('predictor', id) : null;
      if (predictor?.has('tensors') !== true) continue;
      for (const modelName of predictor.tensorModels()) {
        const isReady = await predictor.tensorModel(modelName).then(
          () => true,
          (error: unknown) => {
            if (error instanceof AppError) return false;
            throw error;
          },
        );
        if (!isReady) down.push(`model ${modelName ?? id}`);
      }
    }
    if (down.length === 0) return { live: true };
    const text = `Not ready: ${down.join(', ')}`;
    const options = { code: 'not_ready', headers: { 'Retry-After': '1' } };
    // of an outage the log has said so already; probes ask every few seconds
    throw down.includes('database')
      ? new OutageError(text, options)
      : new AppError('unavailable', text, options);
  }

  async metadata(model: string, version: string | null): Promise<ModelOut> {
    const { sha256, platform, inputs, outputs } = await this.#described(await this.#server(model), {
      model,
      version,
    });
    return { name: model, versions: [sha256], platform, inputs, outputs };
  }

  async modelReady(model: string, version: string | null): Promise<ModelReadyOut> {
    await this.#described(await this.#server(model), { model, version });
    return { name: model, ready: true };
  }

  /**
   * @param body JSON as it was parsed, or bytes: JSON and binary tensors
   * @param headerLength where the JSON of bytes ends
   */
  async infer(
    named: Named,
    body: unknown,
    headerLength: string | undefined,
  ): Promise<WithHeaders<StreamableFile>> {
    const server = await this.#server(named.model);
    if (named.version !== null) await this.#described(server, named);
    const { json, binary } = partsOf(body, headerLength);
    const question = readQuestion(json);
    const inputs = readTensors(json['inputs'], binary, { elements: this.config.batch_body_limit_bytes });
    this.#refuseTooMuch(inputs, question.samples);
    const answer = await asBadRequest(
      server.predictor.infer({
        modelName: server.modelName,
        inputs,
        outputs: question.outputs?.map(({ name }) => name) ?? null,
        samples: question.samples,
        seed: question.seed,
        signal: new AbortController().signal,
      }),
    );
    const { sha256, samples, seed, note, outputs } = answer;
    const parameters: Parameters = {
      ...(samples > 0 && { samples, ...(seed !== null && { seed }) }),
      ...(note !== undefined && { model_note: note }),
    };
    const header = {
      model_name: named.model,
      model_version: sha256,
      id: question.id,
      ...(Object.keys(parameters).length > 0 && { parameters }),
    };
    return sent(encodeMessage(header, 'outputs', outputs, binaryIn(question.outputs, question.isBinary)));
  }

  /** @throws AppError `not_found` for what is no model here */
  async #server(name: string): Promise<Server> {
    const server = this.registry.serves(name);
    if (server === null) throw unknownModel(name);
    const predictor = await this.registry.predictor(server.predictor);
    if (!predictor.has('tensors')) throw unknownModel(name);
    return { predictor, modelName: server.model };
  }

  async #described({ predictor, modelName }: Server, { model, version }: Named): Promise<TensorModel> {
    const described = await predictor.tensorModel(modelName);
    if (version === null || version === described.sha256) return described;
    throw new AppError('not_found', `The model "${model}" is at version ${described.sha256}`, {
      code: 'unknown_version',
    });
  }

  #refuseTooMuch(inputs: readonly NumberTensor[], samples: number): void {
    const { inference_rows, inference_passes } = this.config;
    const rows = inputs[0]?.shape[0] ?? 0;
    if (rows > inference_rows)
      throw tensorFault(`a request may have ${inference_rows} rows (inference_rows), not ${rows}`);
    if (rows * samples > inference_passes)
      throw tensorFault(
        `a request may have ${inference_passes} random passes over all rows (inference_passes), not ${rows * samples}`,
      );
  }
}

const unknownModel = (name: string): AppError =>
  new AppError('not_found', `There is no model "${name}" here`, { code: 'unknown_model' });

function partsOf(body: unknown, headerLength: string | undefined) {
  const { json, binary } =
    body instanceof RawBytes ? bytesOf(body, headerLength) : { json: body, binary: Buffer.alloc(0) };
  if (!isRecord(json)) throw tensorFault('the request needs a JSON object with inputs');
  return { json, binary };
}

function bytesOf({ bytes }: RawBytes, headerLength: string | undefined): { json: unknown; binary: Buffer } {
  const { json, binary } = splitMessage(bytes, headerLength);
  try {
    return { json: JSON.parse(json.toString('utf8')) as unknown, binary };
  } catch (error) {
    throw new AppError('bad_request', 'the JSON in front of the binary data is none', {
      code: 'invalid_tensor',
      cause: error,
    });
  }
}

/** The protocol's clients expect 400 where a tensor is at fault. */
async function asBadRequest<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AppError) || error.kind !== 'invalid') throw error;
    throw new AppError('bad_request', error.detail, { code: 'invalid_tensor', cause: error });
  }
}

const binaryIn =
  (wanted: readonly WantedOutput[] | null, isBinary: boolean) =>
  ({ name }: NumberTensor): boolean =>
    wanted?.find((one) => one.name === name)?.isBinary ?? isBinary;

function sent({ body, headerLength }: ReturnType<typeof encodeMessage>): WithHeaders<StreamableFile> {
  const type = headerLength === null ? 'application/json; charset=utf-8' : BINARY_TYPE;
  return new WithHeaders(
    new StreamableFile(body, { type, length: body.length }),
    headerLength === null ? {} : { [HEADER_LENGTH]: String(headerLength) },
  );
}
