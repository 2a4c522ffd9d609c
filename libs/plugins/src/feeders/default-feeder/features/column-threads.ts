import { setImmediate as nextTurn } from 'node:timers/promises';
import { WorkerThreads } from '#libs/kernel';
import { featureGroups } from '#libs/timeseries';
import type { ColumnsInput, ColumnsOutput, ColumnsPart } from './build-columns.js';
import type { ColumnsTask } from './columns-worker.js';
import type { FeaturePlan } from './feature-plan.js';

/** Threads that one build is shared by: most of the time of a large one goes into memory that is touched for the first time. */
const THREADS = 2;
/** With fewer features a second thread takes longer to start than it saves. */
const LEAST_SHARED = 8;

/** Builds the columns of long frames beside the event loop, many of them in two threads at once. */
export class ColumnThreads {
  readonly #threads = new WorkerThreads<ColumnsTask, ColumnsOutput | ColumnsPart>(
    new URL('./columns-worker.js', import.meta.url),
    { maxThreads: THREADS, idleMs: 1000 },
  );

  /** Whether there are threads: without a build there are none. */
  get isBuilt(): boolean {
    return this.#threads.isBuilt;
  }

  /** As `buildColumns`. */
  async build(input: ColumnsInput): Promise<ColumnsOutput> {
    const plans = sharedPlans(input.plan);
    if (plans === null) return this.#whole({ whole: input });
    const common = await inSharedMemory(input);
    const parts = await Promise.all(plans.map((plan) => this.#part({ part: { ...common, plan } })));
    const own = new Map(input.columns);
    const found = new Map(parts.flatMap(({ columns }) => columns));
    // The bars' own columns came back as what they were sent as.
    const columns = (input.plan.columns ?? []).map(
      (name) => [name, own.get(name) ?? found.get(name) ?? NONE] as const,
    );
    const leading = Math.max(...parts.map((part) => part.leading));
    const lacks = allLacking(parts, leading);
    if (lacks !== null)
      return {
        ...(await this.#rows(input.time, columns, own, lacks)),
        empty: parts.flatMap(({ empty }) => empty),
      };
    return {
      time: input.time.subarray(leading),
      columns: columns.map(([name, values]) => [name, values.subarray(leading)] as const),
      empty: parts.flatMap(({ empty }) => empty),
    };
  }

  close(): Promise<void> {
    return this.#threads.close({ atOnce: true });
  }

  async #whole(task: ColumnsTask, handedOver: readonly ArrayBuffer[] = []): Promise<ColumnsOutput> {
    const output = await this.#threads.run(task, undefined, handedOver);
    if (!('time' in output)) throw new Error('invariant broken: a part where all was asked for');
    return output;
  }

  async #part(task: ColumnsTask): Promise<ColumnsPart> {
    const output = await this.#threads.run(task);
    if ('time' in output) throw new Error('invariant broken: all where a part was asked for');
    return output;
  }

  /** Leaves out the rows that lack a value here and there, half of the columns in each thread. */
  async #rows(
    time: Float64Array,
    columns: ColumnsOutput['columns'],
    own: ReadonlyMap<string, Float64Array>,
    lacks: Uint8Array,
  ): Promise<Pick<ColumnsOutput, 'time' | 'columns'>> {
    // Names of one array stay together, as it is handed over once.
    const arrays = [...new Set(columns.map(([, values]) => values))];
    const isFirst = new Set(arrays.slice(0, Math.ceil(arrays.length / THREADS)));
    const halves = [true, false].map((first) =>
      columns.filter(([, values]) => isFirst.has(values) === first),
    );
    const outputs = await Promise.all(
      halves.map((half) => {
        const made = half.filter(([name]) => !own.has(name)).map(([, { buffer }]) => buffer);
        const handedOver = [...new Set(made)].filter((buffer) => buffer instanceof ArrayBuffer);
        return this.#whole({ rows: { time, columns: half }, lacks }, handedOver);
      }),
    );
    const found = new Map(outputs.flatMap((output) => output.columns));
    return {
      time: outputs[0]?.time ?? NONE,
      columns: columns.map(([name]) => [name, found.get(name) ?? NONE] as const),
    };
  }
}

/** 1 for each row that lacks a value in any part; null where only the first `leading` do. */
function allLacking(parts: readonly ColumnsPart[], leading: number): Uint8Array | null {
  const [first, ...others] = parts.map(({ lacks }) => lacks).filter((lacks) => lacks !== null);
  if (first === undefined) return null;
  first.fill(1, 0, leading);
  for (const lacks of others)
    for (let row = leading; row < first.length; row += 1) first[row] = (first[row] ?? 0) | (lacks[row] ?? 0);
  return first;
}

const NONE = new Float64Array();

/** The plan in two halves that compute nothing twice; null where that is not worth it. */
function sharedPlans(plan: FeaturePlan): readonly FeaturePlan[] | null {
  if (plan.columns === null || plan.own.length < LEAST_SHARED) return null;
  const groups = featureGroups(plan.own, plan.options);
  const second = new Set(groups.filter((_, at) => at % 2 === 1).flat());
  return [
    {
      ...plan,
      own: plan.own.filter((name) => !second.has(name)),
      columns: plan.columns.filter((name) => !second.has(name)),
    },
    { ...plan, own: [...second], columns: [...second], ticks: [], correlated: [], related: [] },
  ];
}

/** The bars in memory that both threads see, copied once and column by column, so that the event loop goes on between. */
async function inSharedMemory(input: ColumnsInput): Promise<ColumnsInput> {
  const shared = async (values: Float64Array): Promise<Float64Array> => {
    const copy = new Float64Array(new SharedArrayBuffer(values.byteLength));
    copy.set(values);
    await nextTurn();
    return copy;
  };
  const columns: (readonly [string, Float64Array])[] = [];
  for (const [name, values] of input.columns) columns.push([name, await shared(values)]);
  return { ...input, time: await shared(input.time), columns };
}
