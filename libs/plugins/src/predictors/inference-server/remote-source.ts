import { basename } from 'node:path';
import { type Clock, MINUTE_MS, SharedWork } from '#libs/kernel';
import { PluginError, pluginErrorCode } from '#libs/plugin-sdk';
import { fileFault, type NamedFile } from '../model/model-file.js';
import { type ModelMetadata, NO_METADATA, readMetadata } from '../model/model-metadata.js';
import { ServedModel } from '../model/served-model.js';
import { type ModelSource, workWith } from '../model/served-models.js';
import type { InferenceProtocol, RemoteFacts } from './inference-protocol.js';
import type { InferenceServerSettings } from './parameters.js';
import { RemoteModel } from './remote-model.js';

/** So long what a server says of a model is believed, unless an answer says otherwise. */
const BELIEVED_MS = MINUTE_MS;

/** The model of a server, as it describes itself. */
export class RemoteSource implements ModelSource {
  readonly #opening = new SharedWork<ServedModel>();
  #known: { readonly served: ServedModel; readonly untilMs: number } | null = null;
  #learned: string | null = null;

  constructor(
    private readonly model: string,
    private readonly metadataPath: string | null,
    private readonly protocol: InferenceProtocol,
    private readonly settings: InferenceServerSettings,
    private readonly clock: Clock,
  ) {}

  open(): Promise<ServedModel> {
    const known = this.#known;
    if (known !== null && this.clock.monotonic() < known.untilMs) return Promise.resolve(known.served);
    return this.#opening.of(this.model, () => this.#describe());
  }

  use<T>(work: (model: ServedModel) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    return workWith(
      () => this.open(),
      work,
      () => false,
    );
  }

  async #describe(): Promise<ServedModel> {
    const metadata = await this.#metadata();
    const facts = await this.#facts();
    const model = new RemoteModel(this.model, facts, this.protocol, this.settings, (version) => {
      this.#learned = version;
      this.#known = null;
    });
    const served = new ServedModel(this.#file, model, metadata, metadata.normalisation, {
      samples: this.settings.mc_samples,
    });
    this.#known = { served, untilMs: this.clock.monotonic() + BELIEVED_MS };
    return served;
  }

  /** A version that an answer told may be gone by now; then the server chooses again. */
  async #facts(): Promise<RemoteFacts> {
    const learned = this.#learned;
    try {
      return await this.protocol.facts(learned);
    } catch (error) {
      if (learned === null || pluginErrorCode(error) !== 'not_configured') throw error;
      this.#learned = null;
      return this.protocol.facts(null);
    }
  }

  /** What messages say of the model, which is no file here. */
  get #file(): NamedFile {
    const metadata =
      this.metadataPath === null
        ? 'the file that inference_metadata_path names'
        : basename(this.metadataPath);
    return { parameter: 'inference_model', path: `/${this.model.replaceAll('/', '_')}`, metadata };
  }

  async #metadata(): Promise<ModelMetadata> {
    if (this.metadataPath === null) return NO_METADATA;
    const file = { parameter: 'inference_metadata_path', path: this.metadataPath };
    const metadata = await readMetadata(file);
    if (metadata.isThere) return metadata;
    throw fileFault(file, 'is not there');
  }
}

/** @throws PluginError `not_configured` naming a parameter that is missing */
export function required(name: string, value: string | null): string {
  if (value !== null) return value;
  throw new PluginError('not_configured', `${name} is not set`);
}
