import { describe, expect, it } from 'vitest';
import { permissionEntry, permissions, type Permission } from './permissions.js';
import { roles } from './roles.js';

describe('permissions', () => {
  it('names each permission once, as subject.action', () => {
    expect(new Set(permissions.map((entry) => entry.name)).size).toBe(permissions.length);
    for (const { name, subject, action } of permissions)
      expect(name).toBe(`${subject[0]?.toLowerCase()}${subject.slice(1)}.${action}`);
    expect(permissions.map((entry) => entry.name)).toEqual(
      expect.arrayContaining(['upstream.update', 'upstream.passThrough', 'auditEvent.readBody']),
    );
  });

  it('describes each permission in one sentence', () => {
    for (const { description } of permissions) expect(description).toMatch(/^[A-Z][^.]{8,100}\.$/);
  });

  it('knows every permission that a role allows, and refuses others', () => {
    for (const { allow } of Object.values(roles).flat())
      for (const name of allow) expect(permissionEntry(name).name).toBe(name);
    expect(() => permissionEntry('upstream.fly' as Permission)).toThrow('upstream.fly');
  });

  it('leaves no permission that only the program itself can hold, but setting up the organization', () => {
    const allowed = new Set(
      Object.values(roles)
        .flat()
        .flatMap((rule) => rule.allow),
    );
    expect(permissions.map((entry) => entry.name).filter((name) => !allowed.has(name))).toEqual([
      'organization.create',
    ]);
  });
});
