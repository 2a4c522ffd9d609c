import { Family, type SeriesReading } from './family.js';
import { type LabelsOf, SERIES, type SeriesDeclaration, type SeriesName } from './series.js';

/** The figures of one process, by the declarations of {@link SERIES}. A call costs a fraction of a microsecond. */
export class Telemetry {
  readonly #families = new Map<string, Family>(
    Object.entries(SERIES).map(([name, declaration]) => [name, new Family(name, declaration)]),
  );

  /** @param by how many happened; default 1 */
  count<N extends SeriesName>(name: N, labels: LabelsOf<N>, by = 1): void {
    this.#family(name).add(labels, by);
  }

  /** @param seconds how long it took */
  observe<N extends SeriesName>(name: N, labels: LabelsOf<N>, seconds: number): void {
    this.#family(name).observe(labels, seconds);
  }

  set<N extends SeriesName>(name: N, labels: LabelsOf<N>, value: number): void {
    this.#family(name).set(labels, value);
  }

  /** Forgets the values of a series, to be set anew. */
  clear(name: SeriesName): void {
    this.#family(name).clear();
  }

  /** The series of a process, or those of the database, in the order of their declarations. */
  readings(of: SeriesDeclaration['of']): SeriesReading[] {
    return [...this.#families]
      .filter(([name]) => SERIES[name as SeriesName].of === of)
      .map(([, family]) => family.get());
  }

  #family(name: SeriesName): Family {
    return this.#families.get(name) as Family;
  }
}
