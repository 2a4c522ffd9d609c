/** A route as the API description names it: `/api/v1/predictions/{prediction_id}`. */
export interface Route {
  readonly method: string;
  readonly template: string;
}

/**
 * The methods of each path. Filled once, when all controllers are known. Used only after routing has failed, to tell an
 * unknown path from a method that the path does not have.
 */
export class RouteTable {
  readonly #routes: { readonly method: string; readonly segments: readonly string[] }[] = [];

  add({ method, template }: Route): void {
    this.#routes.push({ method, segments: segmentsOf(template) });
  }

  /** The methods of a path (without its query), sorted; empty for an unknown path. GET includes HEAD. */
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

/** A path has the same segments with and without a slash at its end. */
const segmentsOf = (path: string): readonly string[] => path.replace(/^\//, '').replace(/\/$/, '').split('/');
