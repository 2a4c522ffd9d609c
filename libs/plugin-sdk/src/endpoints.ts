/** A class: a Nest module, controller or provider. */
export type ClassReference = abstract new (...args: never[]) => object;

/** The parts of a Nest dynamic module that an endpoints plugin hands over; the SDK itself knows no framework. */
export interface EndpointsModule {
  readonly module: ClassReference;
  readonly controllers?: readonly ClassReference[];
  readonly providers?: readonly unknown[];
}

export interface EndpointsPlugin {
  readonly module: EndpointsModule;
  close?(): Promise<void>;
}

/** Who may call a route of an endpoints plugin; the words are those of the product's own routes. */
export interface RouteAccess {
  /**
   * `public`: anyone. `flexible`: anyone, unless the service requires authentication. `strict`: a good credential and,
   * when `roles` is given, one of these roles.
   */
  readonly mode: 'public' | 'flexible' | 'strict';
  readonly roles?: readonly string[];
}

/**
 * Metadata key under which a route (or its controller) states its {@link RouteAccess}, for Nest's `SetMetadata`:
 * `@SetMetadata(ROUTE_ACCESS, { mode: 'public' })`. A route without one is closed to everybody.
 */
export const ROUTE_ACCESS = Symbol.for('prediction-provider.ROUTE_ACCESS');

/** A measured condition. `detail` is for operators and carries no secret. */
export interface HealthReading {
  readonly name: string;
  readonly up: boolean;
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
}

export interface PluginSummary {
  readonly id: string;
  readonly kind: string;
  readonly version: string;
  readonly description: string;
  /** `active` is loaded, `available` loads on first use, `failed` could not be created. */
  readonly state: 'active' | 'available' | 'failed';
  /** The parameters in effect, secrets left out, files without their folders. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What the host offers to endpoints plugins; inject it with {@link ENDPOINTS_HOST}. */
export interface EndpointsHost {
  readonly version: string;
  plugins(): readonly PluginSummary[];
  /** Is the process able to take traffic? Database, jobs, plugins; false from the moment a graceful stop begins. */
  readiness(): Promise<readonly HealthReading[]>;
  /** Prometheus text of all metrics. */
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** Injection token of the {@link EndpointsHost}. */
export const ENDPOINTS_HOST = Symbol.for('prediction-provider.ENDPOINTS_HOST');
