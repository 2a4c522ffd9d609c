import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '#libs/config';
import { validate, ValidationSeverity } from 'dockerfile-utils';
import { parse, parseAllDocuments } from 'yaml';

const text = (path: string): string => readFileSync(path, 'utf8');
const isThere = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;
const when = (condition: boolean) => (condition ? it : it.skip);

interface Container {
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly env?: readonly { readonly name: string; readonly value: string }[];
}

/** What a start finds wrong with the words and variables that a container gives it. */
function faultsOf({ command, args, environment = {}, env = [] }: Container): string | null {
  const given = { ...environment, ...Object.fromEntries(env.map(({ name, value }) => [name, value])) };
  const known = {
    SECRET_KEY: 'X5b1pQ8wZ0kTn2Yc7LrVhM4sJdGfE9aU',
    DATABASE_URL: 'postgres://u:p@h/d',
    NODE_ENV: 'production',
  };
  try {
    const [, ...argv] = command ?? args ?? [];
    loadConfig({
      argv,
      env: {
        ...Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)])),
        ...known,
      },
      flags: {},
      serving: true,
    });
    return null;
  } catch (error) {
    return String(error);
  }
}

describe('how the service is packed', () => {
  it('in an image: no fault in the Dockerfile, another user than root, a check of its health', () => {
    const dockerfile = text('Dockerfile');
    const faults = validate(dockerfile, { instructionCasing: ValidationSeverity.ERROR });
    expect(faults.map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual([]);
    const stages = dockerfile.split(/^FROM /m);
    expect(stages).toHaveLength(3);
    const last = stages.at(-1) ?? '';
    expect(last).toMatch(/^USER node$/m);
    expect(last).toMatch(/^HEALTHCHECK /m);
    expect(last.indexOf('COPY')).toBeLessThan(last.indexOf('USER'));
    const [major] = /FROM node:(\d+)/.exec(dockerfile)?.slice(1) ?? [];
    expect([20, 22, 24]).toContain(Number(major));
  });

  it('in compose.yaml: words and variables that the service knows, and no secret', () => {
    const { services } = parse(text('compose.yaml'), { merge: true }) as {
      services: Record<string, Container>;
    };
    const ours = Object.entries(services).filter(([name]) => name !== 'postgres');
    expect(ours.map(([name]) => name)).toEqual(['migrate', 'service', 'worker']);
    for (const [name, container] of ours) expect([name, faultsOf(container)]).toEqual([name, null]);
    expect(text('compose.yaml')).not.toMatch(/(?:KEY|PASSWORD): (?!\$\{\w+:\?)/);
  });

  it('for Kubernetes: words and variables that the service knows, probes, and no root', () => {
    const files = readdirSync('ops/kubernetes').filter((file) => file !== 'kustomization.yaml');
    const parts = files.flatMap((file) =>
      parseAllDocuments(text(`ops/kubernetes/${file}`)).map((one) => one.toJS() as Manifest),
    );
    const work = parts.filter(({ kind }) => kind === 'Deployment' || kind === 'Job');
    expect(work.map(({ metadata }) => metadata.name).sort()).toEqual([
      'prediction-provider-migrate',
      'prediction-provider-service',
      'prediction-provider-worker',
    ]);
    for (const { kind, spec } of work) {
      const [container] = spec.template.spec.containers;
      expect(faultsOf(container ?? {})).toBeNull();
      expect(spec.template.spec.securityContext.runAsNonRoot).toBe(true);
      expect(container?.securityContext.readOnlyRootFilesystem).toBe(true);
      if (kind === 'Deployment')
        expect(container).toMatchObject({
          livenessProbe: { httpGet: { path: '/health/live' } },
          readinessProbe: { httpGet: { path: '/health/ready' } },
        });
    }
  });

  when(isThere('kubectl', 'version', '--client'))('as kubectl puts it together', () => {
    const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', 'ops/kubernetes'], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    const kinds = parseAllDocuments(stdout).map((one) => (one.toJS() as Manifest).kind);
    expect(kinds.sort()).toEqual(['Deployment', 'Deployment', 'Job', 'PodDisruptionBudget', 'Service']);
  });

  when(isThere('systemd-analyze', '--version'))('as units, as systemd reads them', () => {
    const units = readdirSync('ops/systemd').map((file) => `ops/systemd/${file}`);
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', ...units], {
      encoding: 'utf8',
    });
    const about = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('prediction-provider'));
    expect([status, about]).toEqual([0, []]);
  });
});

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly securityContext: { readonly runAsNonRoot: boolean };
        readonly containers: readonly (Container & {
          readonly securityContext: { readonly readOnlyRootFilesystem: boolean };
        })[];
      };
    };
  };
}
