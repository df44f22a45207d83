import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureFirstAdmin } from '../../apps/control-plane/src/bootstrap.js';
import { password, startTestControlPlane, type TestControlPlane } from './control-plane-harness.js';

const without = (process.env.GATEHOUSE_TEST_WITHOUT ?? '').split(',').includes('chromium');

describe.skipIf(without)('the setup page in a browser on a narrow screen', () => {
  let cp: TestControlPlane;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    cp = await startTestControlPlane();
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
    page = await browser.newPage({ viewport: { width: 320, height: 640 } });
    page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
    page.on('pageerror', (error) => void complaints.push(error.message));
  });
  afterAll(async () => {
    await browser.close();
    await cp[Symbol.asyncDispose]();
  });

  const fill = async (secret: string, repeated = secret) => {
    await page.getByLabel('E-mail address').fill('first@example.com');
    await page.getByLabel('Name').fill('First');
    await page.getByLabel('Password', { exact: true }).fill(secret);
    await page.getByLabel('Password again').fill(repeated);
    await page.getByRole('button', { name: 'Create administrator' }).press('Enter');
  };
  const alert = () => page.getByRole('alert').textContent();

  it('explains itself without a token', async () => {
    await page.goto(`${cp.url}/auth/setup`);
    expect(await alert()).toContain('needs the whole one-time link');
    expect(await page.getByRole('button').count()).toBe(0);
  });

  it('fits the screen, says what is wrong, and leads to the signed-in owner', async () => {
    const admin = await ensureFirstAdmin(cp.deps, cp.url);
    await page.goto(admin.state === 'link' ? admin.url : '');
    await page.reload();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);

    await fill(password, 'something else');
    expect(await alert()).toBe('The two passwords differ.');
    expect(await page.evaluate('document.activeElement.id')).toBe('repeated');

    await fill('short');
    await page.getByText('Password must have at least 12 characters.').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('password');

    await fill(password);
    await page.getByRole('heading', { name: 'Done' }).waitFor();
    expect(await page.getByText('now owns the organization').textContent()).toBe(
      'first@example.com now owns the organization default, and you are signed in.',
    );
    expect(page.url()).toBe(`${cp.url}/auth/setup`);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
    const cookies = await page.context().cookies();
    expect(cookies).toMatchObject([{ name: 'gatehouse_session', httpOnly: true, sameSite: 'Lax', secure: false }]);
  });

  it('says that a used link is not valid any more', async () => {
    await page.goto('about:blank');
    await page.goto(`${cp.url}/auth/setup#used-up`);
    await fill(password);
    await page.getByText('This link is not valid').waitFor();
  });

  it('gave the browser nothing to complain about', () => {
    // Chromium asks for an icon by itself; there is none.
    expect(complaints.filter((text) => !text.includes('404'))).toEqual([]);
  });
});
