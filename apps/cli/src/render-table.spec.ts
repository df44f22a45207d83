import { describe, expect, it } from 'vitest';
import { renderTable } from './render-table.js';

const columns = [
  { title: 'SLUG', value: ({ slug }: { slug: string; url: string | null }) => slug },
  { title: 'URL', value: ({ url }: { slug: string; url: string | null }) => url, shrinks: true },
];

describe('renderTable', () => {
  it('aligns columns and shows what is absent', () => {
    const rows = [
      { slug: 'a', url: 'https://a' },
      { slug: 'longer', url: null },
    ];
    expect(renderTable(rows, columns, 80)).toBe('SLUG    URL\na       https://a\nlonger  –');
  });

  it('cuts only the columns that shrink, so that every line fits', () => {
    const lines = renderTable([{ slug: 's'.repeat(32), url: 'u'.repeat(200) }], columns, 80).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBe(80);
    expect(lines[1]).toMatch(/^s{32} {2}u{45}…$/);
  });

  it('lets no control character through', () => {
    expect(renderTable([{ slug: 'a\u001b[2J\nb', url: null }], columns, 80)).toContain('a [2J b');
  });
});
