import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProfileStore } from './profile-store.js';

describe('ProfileStore [CLI-1]', () => {
  let home: string;
  let store: ProfileStore;
  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), 'gatehouse-profile-'));
    store = new ProfileStore(home);
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));
  const profile = { url: 'http://127.0.0.1:4000', token: 'gth_secret' };

  it('writes a file that only its owner can read, and finds the profile again', () => {
    store.save('default', profile);
    expect(statSync(store.file).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(store.file)).mode & 0o777).toBe(0o700);
    expect(new ProfileStore(home).find('default')).toEqual(profile);
  });

  it('keeps the other profiles when one is saved or removed', () => {
    store.save('a', profile);
    store.save('b', { ...profile, token: 'gth_other' });
    expect(store.remove('a')).toBe(true);
    expect(store.remove('a')).toBe(false);
    expect([store.find('a'), store.find('b')?.token]).toEqual([null, 'gth_other']);
  });

  it('mends the mode of a file that others can read', () => {
    store.save('default', profile);
    chmodSync(store.file, 0o644);
    expect(store.isExposed()).toBe(true);
    store.save('default', profile);
    expect(store.isExposed()).toBe(false);
  });

  it('knows no profile by the name of an object member, and none without a file', () => {
    expect(store.find('default')).toBeNull();
    store.save('default', profile);
    expect(store.find('constructor')).toBeNull();
  });

  it('names a file that is no profile file and leaves it alone', () => {
    store.save('default', profile);
    writeFileSync(store.file, '{"profiles":');
    expect(() => store.find('default')).toThrow(`${store.file} is not a profile file.`);
    expect(() => store.save('default', profile)).toThrow('is not a profile file');
    expect(readFileSync(store.file, 'utf8')).toBe('{"profiles":');
  });
});
