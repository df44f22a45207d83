// Checks docker/Dockerfile and the compose files by rules of our own; test/containers.spec.ts shows that each rule fires.
// Usage: node scripts/lint-containers.mjs [FILE…]
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

const root = path.resolve(import.meta.dirname, '..');
const usualFiles = ['docker/Dockerfile', 'docker/compose.yaml', 'docker/compose.split.yaml'];

/** Name → is it a secret, from the generated list of settings. */
function readSettings() {
  const text = readFileSync(path.join(root, 'docs/configuration.md'), 'utf8');
  const rows = text.matchAll(/^\|\s*`([A-Z_]+)`( \(secret\))?\s*\|/gm);
  return new Map([...rows].map(([, name, secret]) => [name, secret !== undefined]));
}

const settings = readSettings();
const isOurs = (name) => /^(GATEHOUSE_|DATABASE_URL|REDIS_URL)/.test(name);
const isSecretName = (name) => /PASSWORD|SECRET|TOKEN|MASTER_KEY|DATABASE_URL|REDIS_URL/.test(name);

/** What is wrong with a variable that a container gets. */
function variableProblem(name) {
  const setting = name.replace(/_FILE$/, '');
  const isFile = name !== setting;
  if (isOurs(name) && !settings.has(name) && !(isFile && settings.get(setting)))
    return ['unknown-setting', `${name} is not a setting of docs/configuration.md`];
  if (!isFile && (settings.get(name) ?? isSecretName(name)))
    return ['secret-in-environment', `${name} is a secret: mount a file and set ${name}_FILE`];
  return null;
}

/** What is wrong with the reference of an image. */
function imageProblem(image) {
  const [, tag] = /:([^/:@]+)(?:@.*)?$/.exec(image) ?? [];
  if (tag === undefined) return ['untagged-image', `${image} names no version`];
  return tag === 'latest' ? ['untagged-image', `${image} moves: name a version`] : null;
}

/** The instructions of a Dockerfile with continuation lines joined, in stages. */
function dockerfileStages(text) {
  const lines = text
    .replaceAll(/^\s*#.*\n?/gm, '')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => ({ name: line.split(/\s/, 1)[0].toUpperCase(), rest: line.replace(/^\S+\s*/, '') }));
  const stages = [];
  for (const line of lines) {
    if (line.name === 'FROM') stages.push([]);
    stages.at(-1)?.push(line);
  }
  return stages;
}

function lintDockerfile(text) {
  const stages = dockerfileStages(text);
  const all = stages.flat();
  const final = stages.at(-1) ?? [];
  const last = (name) => final.findLast((line) => line.name === name)?.rest;
  const problems = [];
  const expect = (rule, holds, message) => {
    if (!holds) problems.push([rule, message]);
  };
  const stageNames = new Set(
    all.map(({ name, rest }) => (name === 'FROM' ? /\sAS\s+(\S+)/i.exec(rest)?.[1] : undefined)),
  );
  for (const { name, rest } of all) {
    const image = rest.split(/\s/).find((word) => !word.startsWith('--')) ?? '';
    if (name === 'FROM' && !stageNames.has(image)) problems.push(imageProblem(image));
    if (name === 'ADD') problems.push(['add', 'COPY says what happens; ADD also fetches and unpacks']);
    if (name === 'RUN' && /apt-get install/.test(rest) && !/--no-install-recommends/.test(rest))
      problems.push(['apt-recommends', 'apt-get install needs --no-install-recommends']);
    if (name === 'ENV' || name === 'ARG')
      for (const [, variable] of rest.matchAll(/(?:^|\s)([A-Z_]+)=/g)) problems.push(variableProblem(variable));
  }
  expect('one-stage', stages.length > 1, 'build and runtime must be stages of their own');
  expect(
    'root-user',
    /^[1-9]\d*(:[1-9]\d*)?$/.test(last('USER') ?? ''),
    'the last stage must end with a numeric USER that is not root',
  );
  expect('no-healthcheck', /^(?!NONE)/.test(last('HEALTHCHECK') ?? 'NONE'), 'the image has no HEALTHCHECK');
  expect('healthcheck-tool', !/\b(curl|wget)\b/.test(last('HEALTHCHECK') ?? ''), 'the image has neither curl nor wget');
  expect('stop-signal', last('STOPSIGNAL') === 'SIGTERM', 'STOPSIGNAL must be SIGTERM');
  expect(
    'shell-form',
    [last('ENTRYPOINT'), last('CMD')].every((form) => form?.startsWith('[')),
    'ENTRYPOINT and CMD must be JSON arrays, or a shell takes the signals',
  );
  expect(
    'no-volume',
    last('VOLUME') !== undefined,
    'the data directory must be a VOLUME, so that the rest can be read-only',
  );
  expect('no-labels', /org\.opencontainers\.image\.title/.test(last('LABEL') ?? ''), 'the OCI labels are missing');
  return problems.filter((problem) => problem !== null);
}

const entries = (value) => Object.entries(value ?? {});
const variableNames = (environment) =>
  Array.isArray(environment) ? environment.map((one) => String(one).split('=', 1)[0]) : Object.keys(environment ?? {});

function lintService(name, service, { services, secrets = {}, volumes = {} }) {
  const problems = [];
  const expect = (rule, holds, message) => {
    if (!holds) problems.push([rule, `${name}: ${message}`]);
  };
  const add = (problem) => {
    if (problem !== null) problems.push([problem[0], `${name}: ${problem[1]}`]);
  };
  add(service.image ? imageProblem(service.image) : ['untagged-image', 'has no image name']);
  const own = service.image?.split(':', 1)[0] === 'gatehouse';
  expect(
    'root-user',
    own ? !/^(0|root)\b/.test(String(service.user ?? '')) : /^(?!0|root)\S/.test(String(service.user ?? '')),
    'must not run as root',
  );
  expect('writable-root', service.read_only === true, 'needs read_only: true');
  expect(
    'capabilities',
    service.cap_drop?.includes('ALL') && !service.privileged,
    'needs cap_drop: [ALL] and no privileged mode',
  );
  expect(
    'new-privileges',
    service.security_opt?.includes('no-new-privileges:true'),
    'needs security_opt: no-new-privileges:true',
  );
  expect('no-healthcheck', service.healthcheck?.test && !service.healthcheck.disable, 'needs a healthcheck');
  expect('no-restart', service.restart !== undefined, 'needs a restart policy');
  const waits = Array.isArray(service.depends_on)
    ? service.depends_on.map((other) => [other, {}])
    : entries(service.depends_on);
  for (const [other, { condition }] of waits)
    expect('depends-on', other in services && condition === 'service_healthy', `must wait until ${other} is healthy`);
  for (const port of service.ports ?? [])
    expect(
      'public-port',
      typeof port === 'object' ? port.host_ip === '127.0.0.1' : String(port).startsWith('127.0.0.1:'),
      `publishes ${JSON.stringify(port)} beyond loopback`,
    );
  for (const variable of variableNames(service.environment)) add(variableProblem(variable));
  for (const secret of service.secrets ?? [])
    expect(
      'undeclared',
      (secret.source ?? secret) in secrets,
      `uses the secret ${secret.source ?? secret}, which is not declared`,
    );
  for (const volume of service.volumes ?? []) {
    const [source = ''] = String(volume.source ?? volume).split(':', 1);
    expect('undeclared', source in volumes, `mounts ${source}, which is not a declared volume`);
  }
  return problems;
}

function lintCompose(text) {
  const file = parse(text, { merge: true });
  return entries(file.services).flatMap(([name, service]) => lintService(name, service, file));
}

let failed = 0;
const files = process.argv.length > 2 ? process.argv.slice(2) : usualFiles.map((file) => path.join(root, file));
for (const file of files) {
  const text = readFileSync(file, 'utf8');
  const problems = path.basename(file).startsWith('Dockerfile') ? lintDockerfile(text) : lintCompose(text);
  for (const [rule, message] of problems) console.error(`${path.relative(process.cwd(), file)}: [${rule}] ${message}`);
  failed += problems.length;
}
console.log(`lint:containers: ${files.length} file(s), ${failed} problem(s).`);
process.exitCode = failed > 0 ? 1 : 0;
