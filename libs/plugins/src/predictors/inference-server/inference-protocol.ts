import { createHash } from 'node:crypto';
import { AppError, isRecord } from '#libs/kernel';
import {
  BINARY_EXTENSION,
  BINARY_TYPE,
  type Datatype,
  encodeMessage,
  HEADER_LENGTH,
  isDatatype,
  type NumberTensor,
  type Parameters,
  readTensors,
  splitMessage,
  type TensorPort,
} from '#libs/open-inference';
import { PluginError } from '#libs/plugin-sdk';
import type { InferenceServerSettings } from './parameters.js';
import type { ServerAnswer, ServerCalls } from './server-calls.js';

/** What is known of the model before it is asked. */
export interface RemoteFacts {
  /** Null while no answer has told it. */
  readonly version: string | null;
  readonly sha256: string;
  /** `model`: the server says the digest of the model itself; `metadata`: it is that of what the server says of the model. */
  readonly digestOf: 'model' | 'metadata';
  readonly platform: string;
  readonly input: TensorPort & { readonly datatype: Datatype };
  /** All inputs that the server names. */
  readonly inputs: readonly TensorPort[];
  /** Null where the server names none. */
  readonly output: TensorPort | null;
  readonly isBinary: boolean;
}

/** An answer to one input. */
export interface RemoteAnswer {
  readonly version: string | null;
  readonly output: NumberTensor;
  readonly parameters: Readonly<Record<string, unknown>>;
}

const SHA256 = /^[0-9a-f]{64}$/;
/** Of a server's own words in ours. */
const MOST_TEXT = 300;
/** Elements of one answer, whatever its bytes: 512 MiB of doubles. */
const MOST_ELEMENTS = 64 * 1024 * 1024;

const broken = (reason: string, cause?: unknown): PluginError =>
  new PluginError('source_unavailable', `the inference server ${reason}`, { cause });
const misfit = (reason: string): PluginError => new PluginError('not_configured', reason);

/** Speaks the Open Inference Protocol about one model. */
export class InferenceProtocol {
  readonly #path: string;

  constructor(
    private readonly model: string,
    private readonly settings: InferenceServerSettings,
    private readonly calls: ServerCalls,
  ) {
    this.#path = `/v2/models/${encodeURIComponent(model)}`;
  }

  /**
   * @param learned version that an answer told
   * @throws PluginError `not_configured` for a model that is not there or does not fit the parameters
   */
  async facts(learned: string | null): Promise<RemoteFacts> {
    const isBinary = await this.#takesBytes();
    const version = this.settings.inference_version ?? learned;
    const path = version === null ? this.#path : this.#versioned(version);
    const said = await this.calls.ask({ method: 'GET', path }, (answer) =>
      jsonOf(this.#accepted(answer, 'to describe')),
    );
    const { platform = 'unknown', versions, parameters } = said;
    const only = Array.isArray(versions) && versions.length === 1 ? String(versions[0]) : null;
    const [inputs, outputs] = [portsOf(said['inputs']), portsOf(said['outputs'])];
    const known = version ?? only;
    const told = isRecord(parameters) ? parameters['sha256'] : undefined;
    const own = [known, told].find((one) => typeof one === 'string' && SHA256.test(one));
    return {
      version: known,
      sha256: typeof own === 'string' ? own : digestOf([this.model, known, platform, inputs, outputs]),
      digestOf: typeof own === 'string' ? 'model' : 'metadata',
      platform: String(platform),
      input: this.#input(inputs),
      inputs,
      output: this.#output(outputs),
      isBinary,
    };
  }

  /** @throws PluginError for every way in which a server can fail to answer */
  async infer(
    facts: RemoteFacts,
    input: NumberTensor,
    wanted: { readonly output: string | null; readonly parameters?: Parameters },
    signal?: AbortSignal,
  ): Promise<RemoteAnswer> {
    const { isBinary } = facts;
    const parameters = {
      ...wanted.parameters,
      ...(isBinary && wanted.output === null && { binary_data_output: true }),
    };
    const head = {
      ...(Object.keys(parameters).length > 0 && { parameters }),
      outputs:
        wanted.output === null
          ? undefined
          : [{ name: wanted.output, ...(isBinary && { parameters: { binary_data: true } }) }],
    };
    const { body, headerLength } = encodeMessage(head, 'inputs', [input], () => isBinary);
    const headers = {
      'content-type': headerLength === null ? 'application/json' : BINARY_TYPE,
      ...(headerLength !== null && { [HEADER_LENGTH]: String(headerLength) }),
    };
    const version = this.settings.inference_version;
    const path = `${version === null ? this.#path : this.#versioned(version)}/infer`;
    return this.calls.ask(
      { method: 'POST', path, headers, body },
      (answer) => this.#answered(this.#accepted(answer, 'the input of'), wanted.output),
      signal,
    );
  }

  /** Whether the server says that the model is ready. @throws PluginError when it says nothing */
  async isReady(limitMs: number): Promise<boolean> {
    const version = this.settings.inference_version;
    const path = version === null ? this.#path : this.#versioned(version);
    return (await this.calls.look(`${path}/ready`, limitMs)).status === 200;
  }

  #versioned(version: string): string {
    return `${this.#path}/versions/${encodeURIComponent(version)}`;
  }

  async #takesBytes(): Promise<boolean> {
    const { inference_format: format } = this.settings;
    if (format !== 'auto') return format === 'binary';
    return this.calls.ask({ method: 'GET', path: '/v2' }, (answer) => {
      if (answer.status === 404) return false; // optional for servers of models alone
      const { extensions } = jsonOf(this.#accepted(answer, 'to describe itself and'));
      return Array.isArray(extensions) && extensions.includes(BINARY_EXTENSION);
    });
  }

  #input(inputs: readonly TensorPort[]): RemoteFacts['input'] {
    const { inference_input, inference_input_shape: shape, inference_datatype } = this.settings;
    const found = inference_input === null ? inputs[0] : inputs.find(({ name }) => name === inference_input);
    if (found === undefined && inputs.length > 0)
      throw misfit(
        `inference_input: the model "${this.model}" has no input "${inference_input}"; it has ${names(inputs)}`,
      );
    const name = found?.name ?? inference_input;
    const datatype = found?.datatype ?? inference_datatype;
    const own = shape.length > 0 ? shape : found?.shape;
    if (name === null || own === undefined)
      throw misfit(
        `the server does not say what the model "${this.model}" takes; say inference_input and inference_input_shape`,
      );
    if (!isDatatype(datatype))
      throw misfit(`the input "${name}" of the model "${this.model}" is ${datatype}; numbers are sent`);
    return { name, datatype, shape: own };
  }

  #output(outputs: readonly TensorPort[]): TensorPort | null {
    const { inference_output: asked, inference_sample_output: samples } = this.settings;
    const left = outputs.filter(({ name }) => name !== samples);
    if (outputs.length > 0 && samples !== null && left.length === outputs.length)
      throw misfit(
        `inference_sample_output: the model "${this.model}" has no output "${samples}"; it has ${names(outputs)}`,
      );
    if (asked === null) {
      if (left.length < 2) return left[0] ?? null;
      throw misfit(`the model "${this.model}" has several outputs (${names(left)}); say inference_output`);
    }
    const found = outputs.find(({ name }) => name === asked);
    if (found !== undefined) return found;
    if (outputs.length === 0) return { name: asked, datatype: 'FP32', shape: [-1, -1] };
    throw misfit(
      `inference_output: the model "${this.model}" has no output "${asked}"; it has ${names(outputs)}`,
    );
  }

  /** @throws PluginError with the server's own words */
  #accepted(answer: ServerAnswer, what: string): ServerAnswer {
    const { status } = answer;
    if (status >= 200 && status < 300) return answer;
    const said = wordsOf(answer);
    const { inference_version: version } = this.settings;
    const model = `the model "${this.model}"${version === null ? '' : ` in version ${version}`}`;
    if (status === 401 || status === 403)
      throw misfit(`the inference server refuses the credentials (${status}${said}); say inference_headers`);
    if (status === 404) throw misfit(`the inference server does not know ${model}${said}`);
    if (status === 429 || status >= 500) throw broken(`is not able to answer (${status}${said})`);
    if (status >= 400) throw misfit(`the inference server refuses ${what} ${model} (${status}${said})`);
    throw broken(`answered ${status}; redirects are not followed`);
  }

  #answered(answer: ServerAnswer, wanted: string | null): RemoteAnswer {
    try {
      const { json, binary } = splitMessage(answer.body, answer.header(HEADER_LENGTH));
      const said = jsonOf({ ...answer, body: json });
      const limits = { elements: MOST_ELEMENTS, unknown: NaN };
      const outputs = readTensors(said['outputs'], binary, limits);
      const version = said['model_version'];
      const output = wanted === null ? outputs[0] : outputs.find(({ name }) => name === wanted);
      if (output === undefined || (wanted === null && outputs.length > 1))
        throw broken(
          `answered the outputs ${names(outputs) || 'none'}; ${wanted === null ? 'one is needed, say inference_output' : `"${wanted}" was asked for`}`,
        );
      return {
        version: typeof version === 'string' && version !== '' ? version : null,
        output,
        parameters: isRecord(said['parameters']) ? said['parameters'] : {},
      };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw broken(`gave an answer that can't be read: ${error.detail}`, error);
    }
  }
}

const names = (ports: readonly { readonly name: string }[]): string =>
  ports.map(({ name }) => name).join(', ');

const digestOf = (facts: unknown): string => createHash('sha256').update(JSON.stringify(facts)).digest('hex');

function jsonOf({ body }: ServerAnswer): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw broken('gave an answer that is no JSON', error);
  }
  if (isRecord(json)) return json;
  throw broken('gave an answer that is no JSON object');
}

function portsOf(list: unknown): readonly TensorPort[] {
  if (list === undefined || list === null) return [];
  const ports = Array.isArray(list) ? list : [null];
  return ports.map((port: unknown): TensorPort => {
    const { name, datatype, shape } = isRecord(port) ? port : {};
    const isShape =
      Array.isArray(shape) && shape.every((length) => Number.isSafeInteger(length) && Number(length) >= -1);
    if (typeof name !== 'string' || typeof datatype !== 'string' || !isShape)
      throw broken('describes tensors without name, datatype or shape');
    return { name, datatype, shape: shape as number[] };
  });
}

/** What a server says of its refusal: `{"error": text}`, as the protocol has it. */
function wordsOf({ body }: ServerAnswer): string {
  const text = body.subarray(0, 65_536).toString('utf8');
  const error = /^\s*\{/.test(text) ? errorIn(text) : undefined;
  return typeof error === 'string' ? `: ${printable(error.slice(0, MOST_TEXT))}` : '';
}

function errorIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { readonly error?: unknown }).error;
  } catch {
    return undefined; // the status says enough
  }
}

const printable = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');
