import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DomainError } from '#kernel';
import { concerns, loadConfig, renderConfigurationDocs, type Concern } from './index.js';

const masterKey = Buffer.alloc(32, 7).toString('base64');

function problemsOf(env: Record<string, string>): string {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof DomainError && error.code === 'CONFIGURATION_INVALID') return error.message;
    throw error;
  }
  throw new Error('accepted');
}

describe('loadConfig', () => {
  it('needs no variable at all', () => {
    const config = loadConfig({});
    expect(config.server.services).toEqual(['control-plane', 'gateway', 'worker']);
    expect(config.controlPlane).toMatchObject({ host: '127.0.0.1', port: 4000 });
    expect(config.audit.flushInterval).toBe(200);
    expect(config.graphql.maxBody).toBe(1024 * 1024);
  });

  it('is frozen', () => {
    const config = loadConfig({});
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.values(config).every((concern) => Object.isFrozen(concern))).toBe(true);
  });

  it('[CFG-1] reports every problem at once and never a secret', () => {
    const text = problemsOf({
      GATEHOUSE_GATEWAY_PORT: '70000',
      GATEHOUSE_LOG_LEVEL: 'loud',
      GATEHOUSE_AUDIT_FLUSH_INTERVAL: '5',
      GATEHOUSE_MASTER_KEY: 'hunter2-not-base64!',
      DATABASE_URL: 'mysql://root:hunter2@db/x',
      GATEHOUSE_SERVICES: 'gateway,kitchen',
      GATEHOUSE_CONTROL_PLANE_PUBLIC_URL: 'https://example.com/path',
    });
    for (const name of [
      'GATEHOUSE_GATEWAY_PORT',
      'GATEHOUSE_LOG_LEVEL',
      'GATEHOUSE_AUDIT_FLUSH_INTERVAL',
      'GATEHOUSE_MASTER_KEY',
      'DATABASE_URL',
      'GATEHOUSE_SERVICES',
      'GATEHOUSE_CONTROL_PLANE_PUBLIC_URL',
    ])
      expect(text).toContain(name);
    expect(text).toContain('7 problem(s)');
    expect(text).not.toContain('hunter2');
  });

  it.each([
    ['GATEHOUSE_GATEWAY_PROT', 'GATEHOUSE_GATEWAY_PORT'],
    ['GATEHOUSE_MASTERKEY', 'GATEHOUSE_MASTER_KEY'],
    ['GATEHOUSE_LOGLEVEL', 'GATEHOUSE_LOG_LEVEL'],
  ])('[CFG-2] %s: did you mean %s', (wrong, right) => {
    expect(problemsOf({ [wrong]: '1' })).toContain(`did you mean ${right}?`);
  });

  it('[CFG-2] says so when nothing is near', () => {
    expect(problemsOf({ GATEHOUSE_XYZZY_PLUGH_QUUX: '1' })).toContain('see docs/configuration.md');
  });

  it('[CFG-3] reads a secret from a file, refuses both forms and an unreadable file', () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'gatehouse-config-')), 'key');
    writeFileSync(file, `${masterKey}\n`);
    expect(loadConfig({ GATEHOUSE_MASTER_KEY_FILE: file }).keys.masterKey).toBe(masterKey);
    expect(problemsOf({ GATEHOUSE_MASTER_KEY_FILE: file, GATEHOUSE_MASTER_KEY: masterKey })).toContain('set twice');
    expect(problemsOf({ GATEHOUSE_MASTER_KEY_FILE: `${file}.missing` })).toContain('cannot be read (ENOENT)');
    expect(problemsOf({ GATEHOUSE_LOG_LEVEL_FILE: file })).toContain('is not a setting');
  });

  it('asks for the master key with DATABASE_URL, and for both halves of the first administrator', () => {
    expect(problemsOf({ DATABASE_URL: 'postgres://u:p@h/d' })).toContain('GATEHOUSE_MASTER_KEY is required');
    expect(problemsOf({ GATEHOUSE_ADMIN_EMAIL: 'a@b.example' })).toContain('GATEHOUSE_ADMIN_PASSWORD is missing');
    expect(problemsOf({ GATEHOUSE_ADMIN_PASSWORD: 'a long enough one' })).toContain('GATEHOUSE_ADMIN_EMAIL is missing');
  });

  it('understands units, lists and origins', () => {
    const config = loadConfig({
      GATEHOUSE_WORKER_HEALTH_INTERVAL: '1.5s',
      GATEHOUSE_GRAPHQL_MAX_BODY: '2MiB',
      GATEHOUSE_GATEWAY_PUBLIC_URLS: 'https://mcp.example.com, http://localhost:4100',
    });
    expect(config.worker.healthInterval).toBe(1500);
    expect(config.graphql.maxBody).toBe(2 * 1024 * 1024);
    expect(config.gateway.publicUrls).toEqual(['https://mcp.example.com', 'http://localhost:4100']);
  });

  it('documents every setting', () => {
    const docs = renderConfigurationDocs();
    for (const { settings } of Object.values<Concern>(concerns))
      for (const { env } of Object.values(settings)) expect(docs).toContain(`\`${env}\``);
  });
});
