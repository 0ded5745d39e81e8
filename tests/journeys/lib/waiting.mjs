// Waiting with an end. A journey never sleeps: it waits for something, and says what when it did not come.

/** Slow machines and sanitizer builds set this to more than 1. */
export const patience = Number(process.env.OPENCLAW_TEST_PATIENCE ?? 1);

/** Passes a promise through, or fails after `milliseconds` with a message that says what was awaited. */
export async function within(milliseconds, what, promise, describe = () => "") {
  let timer;
  const tooLate = new Promise((_, reject) => {
    const fail = () => reject(new Error(`waited ${milliseconds * patience} ms for ${what}${describe()}`));
    timer = setTimeout(fail, milliseconds * patience);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again and again until `ask` gives something, for what no event announces. */
export async function until(ask, what, { milliseconds = 15000, everyMs = 20, describe } = {}) {
  const deadline = Date.now() + milliseconds * patience;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) {
      throw new Error(`waited ${milliseconds * patience} ms for ${what}${describe ? describe() : ""}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
