import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { failed } from '../command-failure.js';

/** One signed-in control plane. */
export interface Profile {
  /** Origin of the control plane. */
  readonly url: string;
  readonly token: string;
}

const fileShape = z.object({ profiles: z.record(z.string(), z.object({ url: z.string(), token: z.string() })) });
type Profiles = Readonly<Record<string, Profile>>;

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** The profile file of one user: `gatehouse/profile.json` in the folder of user settings, mode 0600. */
export class ProfileStore {
  readonly file: string;

  constructor(configHome: string) {
    this.file = path.join(configHome, 'gatehouse', 'profile.json');
  }

  /** The named profile, or null; a file that is no profile file is an error that names it. */
  find(name: string): Profile | null {
    const profiles = this.read();
    return Object.hasOwn(profiles, name) ? (profiles[name] ?? null) : null;
  }

  save(name: string, profile: Profile): void {
    this.write({ ...this.read(), [name]: profile });
  }

  /** True when there was such a profile. */
  remove(name: string): boolean {
    const { [name]: found, ...others } = this.read();
    if (found === undefined) return false;
    this.write(others);
    return true;
  }

  /** True when others than the owner may read the tokens in the file. */
  isExposed(): boolean {
    try {
      return process.platform !== 'win32' && (statSync(this.file).mode & 0o077) !== 0;
    } catch {
      return false;
    }
  }

  private read(): Profiles {
    let text: string;
    try {
      text = readFileSync(this.file, 'utf8');
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return {};
      throw failed(`${this.file} cannot be read.`, 'Check its owner and mode (0600).');
    }
    const parsed = fileShape.safeParse(parseJson(text));
    if (!parsed.success) throw failed(`${this.file} is not a profile file.`, 'Remove it and run `gatehouse login`.');
    return parsed.data.profiles;
  }

  /** A new file beside the old one takes its place in one step, so that a full disk or a crash loses no profile. */
  private write(profiles: Profiles): void {
    const next = `${this.file}.${process.pid}.new`;
    try {
      mkdirSync(path.dirname(this.file), { recursive: true, mode: 0o700 });
      writeFileSync(next, `${JSON.stringify({ profiles }, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
      chmodSync(next, 0o600);
      renameSync(next, this.file);
    } catch (error) {
      rmSync(next, { force: true });
      const reason = error instanceof Error ? error.message : String(error);
      throw failed(
        `${this.file} cannot be written: ${reason}.`,
        'Check the folder, or set XDG_CONFIG_HOME to another one.',
      );
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
