/** A statement for a reading process. */
export interface ReadRequest {
  readonly sql: string;
  /** As better-sqlite3 binds them. */
  readonly values: readonly unknown[];
}

/** That the process has started; then for each statement its rows, or SQLite's error. */
export type ReadAnswer =
  | { readonly ready: true }
  | { readonly rows: object[] }
  | {
      readonly error: { readonly name: string; readonly code: string | undefined; readonly message: string };
    };
