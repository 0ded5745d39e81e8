// What a person sees and does on WebChat's page, by roles and labels. It knows nothing about the gateway behind the
// page, so that the same steps serve the fake gateway and the real program. The page must be in English unless a test
// says otherwise.

import assert from 'node:assert/strict';

const desktop = { width: 1200, height: 800 };

export class WebChat {
  problems = [];
  requestedAddresses = [];

  static async create(browser, { locale = 'en-GB', colorScheme = 'light', viewport = desktop, ...more } = {}) {
    const context = await browser.newContext({ locale, colorScheme, viewport, ...more });
    const page = await context.newPage();
    return new WebChat(context, page);
  }

  constructor(context, page) {
    this.context = context;
    this.page = page;
    page.setDefaultTimeout(10_000);
    page.on('pageerror', (error) => this.problems.push(`uncaught: ${error.message}`));
    page.on('console', (message) => {
      // The browser itself reports refused connections and answers; those are the point of some tests.
      const expected = /WebSocket connection to|Failed to load resource/.test(message.text());
      if (['error', 'warning'].includes(message.type()) && !expected) this.problems.push(`${message.type()}: ${message.text()}`);
    });
    page.on('request', (request) => this.requestedAddresses.push(request.url()));
  }

  async close() {
    await this.context.close();
  }

  // Places

  get composer() {
    return this.page.getByRole('textbox', { name: 'Message' });
  }

  get conversation() {
    return this.page.getByRole('log', { name: 'Conversation' });
  }

  get answers() {
    return this.conversation.locator('article.turn');
  }

  get questions() {
    return this.conversation.getByRole('article', { name: 'You' });
  }

  get lastAnswer() {
    return this.answers.last();
  }

  get approval() {
    return this.page.getByRole('region', { name: 'Waiting for your decision' }).getByRole('article').last();
  }

  get stopButton() {
    return this.page.getByRole('button', { name: 'Stop', exact: true });
  }

  get sendButton() {
    return this.page.getByRole('button', { name: /^Send/ });
  }

  get modelPicker() {
    return this.page.getByRole('combobox', { name: 'Model' });
  }

  get status() {
    return this.page.getByRole('group', { name: 'Status' });
  }

  get sessions() {
    return this.page.getByRole('navigation', { name: 'Conversations' });
  }

  tool(name) {
    return this.lastAnswer.getByRole('region', { name });
  }

  // Steps

  async open(address) {
    await this.page.goto(address);
  }

  async openAndWait(address) {
    await this.open(address);
    await this.composer.waitFor();
    await this.page.getByText('Connected', { exact: true }).waitFor();
  }

  async send(text) {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  async waitForText(text) {
    await this.page.getByText(text).first().waitFor();
  }

  /** The finished last answer. */
  async waitForAnswer(text) {
    const finished = this.conversation.locator('article.turn:not([data-state="running"])').last();
    await (text === undefined ? finished : finished.filter({ hasText: text })).waitFor();
    return finished;
  }

  async decide(label) {
    await this.approval.getByRole('button', { name: label }).click();
  }

  async approve() {
    await this.decide('Allow once');
  }

  async deny() {
    await this.decide('Deny');
  }

  async retry() {
    await this.lastAnswer.getByRole('button', { name: 'Try again' }).click();
  }

  async newSession() {
    await this.page.getByRole('button', { name: 'New conversation' }).first().click();
  }

  async openSession(title) {
    await this.sessions.getByRole('button', { name: title }).first().click();
  }

  async sessionAction(title, action) {
    await this.sessions.getByRole('button', { name: `Actions for “${title}”` }).click();
    await this.sessions.getByRole('button', { name: action, exact: true }).click();
  }

  async chooseModel(name) {
    await this.modelPicker.selectOption({ label: name });
  }

  // Judgements

  /** Waits until a condition in the page holds, without sleeping. */
  async until(condition, argument) {
    await this.page.waitForFunction(condition, argument);
  }

  assertCalm() {
    assert.deepEqual(this.problems, [], 'the console and the content security policy stay silent');
    const origin = new URL(this.page.url()).origin;
    const elsewhere = this.requestedAddresses.filter((address) => !/^(data|blob):/.test(address) && new URL(address).origin !== origin);
    assert.deepEqual(elsewhere, [], 'the page loads nothing from elsewhere');
  }

  async assertNoNonsense() {
    const text = await this.page.locator('body').innerText();
    assert.doesNotMatch(text, /\bnull\b|\bundefined\b|\[object Object\]|\bNaN\b|\n\s+at .*:\d+:\d+/);
  }

  async assertNoSidewaysScrolling() {
    const overflow = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `the page is ${overflow} pixels too wide`);
  }
}
