import { readdirSync } from 'node:fs';
import path from 'node:path';

/** The root of the repository. */
export const projectRoot = path.resolve(import.meta.dirname, '..');

const skipped = new Set(['node_modules', 'dist', 'coverage', '.git', 'results']);

/** Files under the given folders of the repository (all of it without one), relative to its root, sorted. */
export function projectFiles(...folders: readonly string[]): string[] {
  return (folders.length > 0 ? folders : ['.']).flatMap(walk).sort();
}

function walk(folder: string): string[] {
  return readdirSync(path.join(projectRoot, folder), { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name) || entry.name.startsWith('.gatehouse')) return [];
    const file = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return walk(file);
    return entry.isFile() ? [file] : [];
  });
}
