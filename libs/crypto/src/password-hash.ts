import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** The cost of one Argon2id computation: memory in bytes (rounded down to whole KiB) and passes over it. */
export interface PasswordParams {
  readonly memoryBytes: number;
  readonly passes: number;
}

/** What a comparison found. */
export interface PasswordCheck {
  readonly ok: boolean;
  /** True if the stored text was made with other parameters than these, so that a fresh one should replace it. */
  needsRehash(params: PasswordParams): boolean;
}

interface PhcHash {
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const derive = promisify(argon2);
const saltBytes = 16;
const hashBytes = 32;
const phcPattern =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;
/** Bounds on what a stored text may cost: those of the settings, so that a forged row cannot ask for everything. */
const bounds = { memoryKib: 4 * 1024 * 1024, passes: 100, parallelism: 16 };

const toKib = (params: PasswordParams): number => Math.floor(params.memoryBytes / 1024);
const toText = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

const compute = (password: string, phc: Omit<PhcHash, 'hash'>, tagLength: number): Promise<Buffer> =>
  derive('argon2id', {
    // The same characters may be typed as different code points (NIST SP 800-63B §3.1.1.2).
    message: Buffer.from(password.normalize('NFKC'), 'utf8'),
    nonce: phc.salt,
    parallelism: phc.parallelism,
    tagLength,
    memory: phc.memoryKib,
    passes: phc.passes,
  });

function parsePhc(text: string): PhcHash | null {
  const match = phcPattern.exec(text);
  if (!match) return null;
  const [memoryKib = 0, passes = 0, parallelism = 0] = match.slice(1, 4).map(Number);
  const tooMuch = memoryKib > bounds.memoryKib || passes > bounds.passes || parallelism > bounds.parallelism;
  if (tooMuch || passes < 1 || parallelism < 1 || memoryKib < 8 * parallelism) return null;
  const [salt, hash] = match.slice(4, 6).map((part) => Buffer.from(part, 'base64'));
  return salt && hash ? { memoryKib, passes, parallelism, salt, hash } : null;
}

/** Hashes a password by Argon2id (RFC 9106) with a fresh salt; a PHC string `$argon2id$v=19$m=…,t=…,p=1$salt$hash`. */
export async function hashPassword(password: string, params: PasswordParams): Promise<string> {
  const phc = { memoryKib: toKib(params), passes: params.passes, parallelism: 1, salt: randomBytes(saltBytes) };
  const hash = await compute(password, phc, hashBytes);
  return `$argon2id$v=19$m=${phc.memoryKib},t=${phc.passes},p=1$${toText(phc.salt)}$${toText(hash)}`;
}

/** Compares a password with a PHC string; a malformed one counts as no match, never as an error. */
export async function verifyPassword(password: string, phc: string): Promise<PasswordCheck> {
  const parsed = parsePhc(phc);
  if (!parsed) return { ok: false, needsRehash: () => false };
  const hash = await compute(password, parsed, parsed.hash.length);
  return {
    ok: timingSafeEqual(hash, parsed.hash),
    needsRehash: (params) =>
      parsed.memoryKib !== toKib(params) ||
      parsed.passes !== params.passes ||
      parsed.parallelism !== 1 ||
      parsed.hash.length !== hashBytes,
  };
}
