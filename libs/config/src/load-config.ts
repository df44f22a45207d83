import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { DomainError } from '#kernel';
import * as policy from './concerns/policy.js';
import * as serverConcerns from './concerns/server.js';
import { stdio } from './concerns/stdio.js';
import * as storage from './concerns/storage.js';
import { telemetry } from './concerns/telemetry.js';
import { nearestName } from './nearest-name.js';
import type { Concern, Setting } from './setting.js';

/** Every concern, by the name under which {@link Config} holds it, in the order of docs/configuration.md. */
export const concerns = {
  server: serverConcerns.server,
  controlPlane: serverConcerns.controlPlane,
  gateway: serverConcerns.gateway,
  worker: serverConcerns.worker,
  metrics: serverConcerns.metrics,
  telemetry,
  log: serverConcerns.log,
  database: storage.database,
  redis: storage.redis,
  keys: storage.keys,
  admin: storage.admin,
  auth: policy.auth,
  graphql: policy.graphql,
  mcp: policy.mcp,
  limits: policy.limits,
  outbound: policy.outbound,
  stdio,
  catalog: policy.catalog,
  audit: policy.audit,
} as const;

type Values<C extends Concern> = { readonly [K in keyof C['settings']]: z.output<C['settings'][K]['schema']> };

/** The whole configuration: parsed once at boot, frozen, passed by hand. */
export type Config = { readonly [K in keyof typeof concerns]: Values<(typeof concerns)[K]> };

/** One thing wrong with the environment. */
export interface ConfigProblem {
  readonly name: string;
  readonly problem: string;
}

/** Variables with our prefix that other parts of the project read: the command line client and the tests. */
const foreignNames = new Set(['GATEHOUSE_URL', 'GATEHOUSE_TOKEN', 'GATEHOUSE_PROFILE', 'GATEHOUSE_TEST_WITHOUT']);

function readRaw(setting: Setting, env: NodeJS.ProcessEnv, problems: ConfigProblem[]): string | undefined {
  const direct = env[setting.env];
  const fileName = setting.secret ? env[`${setting.env}_FILE`] : undefined;
  if (direct !== undefined && fileName !== undefined) {
    problems.push({ name: setting.env, problem: `is set twice: remove it or ${setting.env}_FILE` });
    return undefined;
  }
  if (fileName === undefined)
    return direct === '' && setting.defaultText !== '' ? setting.defaultText : (direct ?? setting.defaultText);
  try {
    return readFileSync(fileName, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    problems.push({ name: `${setting.env}_FILE`, problem: `cannot be read (${code}): ${fileName}` });
    return undefined;
  }
}

function unknownNames(env: NodeJS.ProcessEnv): ConfigProblem[] {
  const known = new Set<string>();
  for (const { settings } of Object.values<Concern>(concerns)) {
    for (const one of Object.values(settings)) {
      known.add(one.env);
      if (one.secret) known.add(`${one.env}_FILE`);
    }
  }
  return Object.keys(env)
    .filter((name) => name.startsWith('GATEHOUSE_') && !known.has(name) && !foreignNames.has(name))
    .map((name) => {
      const near = nearestName(name, [...known]);
      return {
        name,
        problem: near ? `is not a setting; did you mean ${near}?` : 'is not a setting; see docs/configuration.md',
      };
    });
}

function crossChecks(config: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (config.database.url && !config.keys.masterKey)
    problems.push({
      name: 'GATEHOUSE_MASTER_KEY',
      problem: 'is required when DATABASE_URL is set (`openssl rand -base64 32`)',
    });
  if (Boolean(config.admin.email) !== Boolean(config.admin.password))
    problems.push({
      name: config.admin.email ? 'GATEHOUSE_ADMIN_PASSWORD' : 'GATEHOUSE_ADMIN_EMAIL',
      problem: 'is missing: the e-mail and the password of the first administrator go together',
    });
  return problems;
}

/**
 * Reads the environment into a frozen configuration.
 * @throws DomainError CONFIGURATION_INVALID that lists every problem at once, never a secret's value.
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const problems: ConfigProblem[] = unknownNames(env);
  const config: Record<string, Record<string, unknown>> = {};
  for (const [concernName, { settings }] of Object.entries<Concern>(concerns)) {
    const values: Record<string, unknown> = {};
    for (const [key, setting] of Object.entries(settings)) {
      const parsed = setting.schema.safeParse(readRaw(setting, env, problems));
      if (parsed.success) values[key] = parsed.data;
      else problems.push({ name: setting.env, problem: parsed.error.issues.map((issue) => issue.message).join('; ') });
    }
    config[concernName] = Object.freeze(values);
  }
  const whole = Object.freeze(config) as unknown as Config;
  if (problems.length === 0) problems.push(...crossChecks(whole));
  if (problems.length > 0) {
    const lines = problems.map(({ name, problem }) => `  ${name} ${problem}`);
    throw new DomainError(
      'CONFIGURATION_INVALID',
      `The configuration has ${problems.length} problem(s):\n${lines.join('\n')}`,
      {
        details: { problems },
      },
    );
  }
  return whole;
}
