/** What a file may ask for. Everything declared is checked against these before memory is taken for it. */
export interface ModelLimits {
  /** Bytes of the file itself, and of all weight shards together. */
  readonly fileBytes: number;
  /** Entries of a `.keras` archive. */
  readonly archiveEntries: number;
  /** Bytes an archive entry may unpack to, and all that are read together. */
  readonly unpackedBytes: number;
  /** Unpacked over packed size of an archive entry. */
  readonly archiveRatio: number;
  /** Bytes of the configuration (JSON). */
  readonly configBytes: number;
  /** Numbers in all weights together. */
  readonly weightElements: number;
}

/** Sized for models of the field (up to about 100 million parameters). */
export const DEFAULT_LIMITS: ModelLimits = {
  fileBytes: 512 * 1024 * 1024,
  archiveEntries: 1_000,
  unpackedBytes: 512 * 1024 * 1024,
  archiveRatio: 200,
  configBytes: 64 * 1024 * 1024,
  weightElements: 128 * 1024 * 1024,
};
