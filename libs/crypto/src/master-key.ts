import { randomBytes } from 'node:crypto';
import { DomainError } from '#kernel';

const masterKeyBytes = 32;

/** A new master key: 32 random bytes in base64, as `GATEHOUSE_MASTER_KEY` takes it. */
export const generateMasterKey = (): string => randomBytes(masterKeyBytes).toString('base64');

/** The 32 bytes of a master key; CONFIGURATION_INVALID for anything else. The message never repeats the input. */
export function parseMasterKey(masterKey: Buffer | string): Buffer {
  const text = typeof masterKey === 'string' ? masterKey.trim() : '';
  const bytes = typeof masterKey === 'string' ? Buffer.from(text, 'base64') : Buffer.from(masterKey);
  const spelledWell = typeof masterKey !== 'string' || /^[A-Za-z0-9+/]{43}=?$/.test(text);
  if (bytes.length !== masterKeyBytes || !spelledWell) {
    throw new DomainError(
      'CONFIGURATION_INVALID',
      'GATEHOUSE_MASTER_KEY must be 32 random bytes in base64: make one with `openssl rand -base64 32`.',
      { field: 'GATEHOUSE_MASTER_KEY' },
    );
  }
  return bytes;
}
