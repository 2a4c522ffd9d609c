import { SeriesValues, type SeriesReading } from './series-values.js';
import { type LabelsOf, SERIES, type SeriesDeclaration, type SeriesName } from './series.js';

/** The figures of one process, by the declarations of {@link SERIES}. A call costs a fraction of a microsecond. */
export class Telemetry {
  readonly #series = new Map<string, SeriesValues>(
    Object.entries(SERIES).map(([name, declaration]) => [name, new SeriesValues(name, declaration)]),
  );

  /** @param by how many happened; default 1 */
  count<N extends SeriesName>(name: N, labels: LabelsOf<N>, by = 1): void {
    this.#valuesOf(name).add(labels, by);
  }

  /** @param seconds how long it took */
  observe<N extends SeriesName>(name: N, labels: LabelsOf<N>, seconds: number): void {
    this.#valuesOf(name).observe(labels, seconds);
  }

  set<N extends SeriesName>(name: N, labels: LabelsOf<N>, value: number): void {
    this.#valuesOf(name).set(labels, value);
  }

  /** Forgets the values of a series, to be set anew. */
  clear(name: SeriesName): void {
    this.#valuesOf(name).clear();
  }

  /** The series of a process, or those of the database, in the order of their declarations. */
  readings(of: SeriesDeclaration['of']): SeriesReading[] {
    return [...this.#series]
      .filter(([name]) => SERIES[name as SeriesName].of === of)
      .map(([, values]) => values.get());
  }

  #valuesOf(name: SeriesName): SeriesValues {
    return this.#series.get(name) as SeriesValues;
  }
}
