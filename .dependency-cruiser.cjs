/** Who may import whom; docs/architecture.md has the floors. `npm run check` runs these rules. */
const lib = (...names) => `^libs/(${names.join('|')})/`;
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^(src|libs)/', pathNot: [from, ...allowed] },
});
const never = (name, from, packages) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: packages.map((p) => `^node_modules/${p}`) },
});
/** The domains of src by floors, lowest first: a domain uses those of lower floors, by their ports and modules. */
const FLOORS = [
  ['settings'],
  ['accounts'],
  ['auth', 'audit', 'billing', 'outcomes'],
  ['predictions', 'backtests', 'marketplace', 'sync', 'webhooks', 'inference'],
  ['client', 'evaluator', 'agent', 'users'],
  ['admin'],
];
const domainsOf = (floors) => `^src/(?:${floors.flat().join('|')})/`;
const floorRules = FLOORS.map((domains, floor) => ({
  name: `floor-${floor}-uses-lower-floors`,
  severity: 'error',
  from: { path: `^src/(${domains.join('|')})/` },
  to: { path: domainsOf(FLOORS.slice(floor)), pathNot: '^src/$1/' },
}));
const frameworks = ['@nestjs/', 'typeorm/'];

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    only('kernel-stands-alone', lib('kernel'), []),
    only('numpy-random-stands-alone', lib('numpy-random'), [lib('kernel')]),
    only('timeseries-stands-low', lib('timeseries'), [lib('kernel', 'numpy-random')]),
    only('keras-onnx-stands-low', lib('keras-onnx'), [lib('kernel')]),
    only('forecast-chart-stands-low', lib('forecast-chart'), [lib('kernel')]),
    only('telemetry-stands-low', lib('telemetry'), [lib('kernel')]),
    only('receipt-verifier-stands-alone', lib('receipt-verifier'), []),
    only('scoring-stands-low', lib('scoring'), [lib('kernel', 'numpy-random')]),
    only('open-inference-stands-low', lib('open-inference'), [lib('kernel')]),
    only('plugin-sdk-stands-low', lib('plugin-sdk'), [lib('kernel', 'timeseries', 'open-inference')]),
    only('backtest-stands-on-the-host', lib('backtest'), [
      lib('kernel', 'numpy-random', 'timeseries', 'scoring', 'plugin-sdk', 'plugin-host', 'forecast-chart'),
    ]),
    only('plugin-host', lib('plugin-host'), [lib('kernel', 'config', 'plugin-sdk', 'timeseries')]),
    only('config-stands-low', lib('config'), [lib('kernel')]),
    only('database-stands-low', lib('database'), [lib('kernel', 'config')]),
    only('http-stands-low', lib('http'), [lib('kernel', 'config')]),
    only('jobs-on-database', lib('jobs'), [lib('kernel', 'config', 'database')]),
    {
      name: 'plugins-use-the-sdk-only',
      severity: 'error',
      from: { path: '^libs/plugins/' },
      to: {
        path: '^(src|libs)/',
        pathNot: [
          '^libs/plugins/',
          lib(
            'plugin-sdk',
            'kernel',
            'timeseries',
            'numpy-random',
            'scoring',
            'keras-onnx',
            'open-inference',
          ),
        ],
      },
    },
    {
      name: 'plugins-never-import-each-other',
      severity: 'error',
      from: { path: '^libs/plugins/src/(feeders|pipelines|predictors|endpoints|cores)/' },
      to: {
        path: '^libs/plugins/src/(feeders|pipelines|predictors|endpoints|cores)/',
        pathNot: '^libs/plugins/src/$1/',
      },
    },
    {
      name: 'domains-do-not-import-plugins',
      severity: 'error',
      from: { path: '^src/(?!app/|main\\.ts)' },
      to: { path: '^libs/(plugins|testing)/' },
    },
    {
      name: 'domains-meet-at-ports',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: '^src/app/' },
      to: { path: '^src/', pathNot: ['^src/$1/', '\\.(port|fields|module)\\.ts$'] },
    },
    ...floorRules,
    {
      name: 'domains-stand-on-a-floor',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/app/', '^src/main\\.ts$', domainsOf(FLOORS)] },
      to: {},
    },
    {
      name: 'nobody-imports-the-composition',
      severity: 'error',
      from: { path: domainsOf(FLOORS) },
      to: { path: '^src/app/' },
    },
    {
      name: 'controllers-see-services-only',
      severity: 'error',
      from: { path: '\\.controller\\.ts$' },
      to: { path: '\\.(entity|repository)\\.ts$' },
    },
    {
      name: 'no-testing-in-the-product',
      severity: 'error',
      from: { path: '^(src|libs/(?!testing/))' },
      to: { path: '^libs/testing/' },
    },
    {
      name: 'libs-know-no-product',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(src|test)/' },
    },
    {
      name: 'unit-specs-start-no-product',
      severity: 'error',
      from: { path: '^test/unit/', pathNot: '^test/unit/original\\.spec\\.ts$' },
      to: { path: '^(src/app/(server|schema)\\.ts$|test/harness/)', reachable: true },
    },
    never(
      'pure-libs-know-no-framework',
      lib(
        'kernel',
        'numpy-random',
        'timeseries',
        'keras-onnx',
        'forecast-chart',
        'scoring',
        'plugin-sdk',
        'telemetry',
        'backtest',
        'receipt-verifier',
        'open-inference',
      ),
      [...frameworks, 'jose/'],
    ),
    {
      name: 'typeorm-in-its-rooms',
      severity: 'error',
      from: {
        path: '^(src|libs)/',
        pathNot: [
          '\\.(entity|repository)\\.ts$',
          '^libs/database/',
          '^libs/jobs/src/engines/',
          '^libs/testing/',
        ],
      },
      to: { path: '^node_modules/typeorm/' },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^(src|libs)/', pathNot: '\\.d\\.ts$' },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { conditionNames: ['development', 'import', 'node', 'default'] },
  },
};
