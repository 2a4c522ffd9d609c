/** A route as the API description names it: `/api/v1/predictions/{prediction_id}`. */
export interface Route {
  readonly method: string;
  readonly template: string;
}

/**
 * Which methods a path has. Filled once, when all controllers are known; asked only when routing failed, to tell
 * "no such path" from "not with this method".
 */
export class RouteTable {
  readonly #routes: { readonly method: string; readonly segments: readonly string[] }[] = [];

  add({ method, template }: Route): void {
    this.#routes.push({ method, segments: segmentsOf(template) });
  }

  /** The methods of a path without its query, sorted; empty when nothing has it. GET brings HEAD along. */
  methodsOf(path: string): readonly string[] {
    const asked = segmentsOf(path);
    const methods = new Set<string>();
    for (const { method, segments } of this.#routes) {
      if (segments.length !== asked.length || !segments.every((one, at) => fits(one, asked[at]))) continue;
      methods.add(method);
      if (method === 'GET') methods.add('HEAD');
    }
    return [...methods].sort();
  }
}

const fits = (declared: string, asked: string | undefined): boolean =>
  declared === asked || (declared.startsWith('{') && asked !== '');

/** Both slash forms of a path have the same segments. */
const segmentsOf = (path: string): readonly string[] => path.replace(/^\//, '').replace(/\/$/, '').split('/');
