// The states in which a fresh installation can be, as `models.status` tells them.

const embedded = {
  name: 'Qwen3 0.6B',
  engine: 'llama.cpp',
  sizeBytes: 639_446_688,
  license: 'Apache-2.0',
  licenseUrl: 'https://www.apache.org/licenses/LICENSE-2.0',
  licenseText: 'Apache License\nVersion 2.0, January 2004\n\nTERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION\n\n1. Definitions.\n\n"License" shall mean the terms and conditions for use, reproduction, and distribution as defined by Sections 1 through 9 of this document.\n\n"Licensor" shall mean the copyright owner or entity authorized by the copyright owner that is granting the License.',
  state: 'absent',
};

export const consentStatus = {
  current: { ref: 'embedded/qwen3-0.6b', source: 'embedded', state: 'needs-consent', message: 'No model is set up, so openclaw offers its own.', hint: '' },
  embedded,
};

export const downloadingStatus = {
  current: { ref: 'embedded/qwen3-0.6b', source: 'embedded', state: 'downloading', message: 'Downloading Qwen3 0.6B.', progress: { doneBytes: 211_000_000, totalBytes: 639_446_688 } },
  embedded: { ...embedded, state: 'downloading' },
};

export const startingStatus = {
  current: { ref: 'embedded/qwen3-0.6b', source: 'embedded', state: 'starting', message: 'Loading Qwen3 0.6B into memory.' },
  embedded: { ...embedded, state: 'present' },
};

export const readyStatus = {
  current: { ref: 'embedded/qwen3-0.6b', source: 'embedded', state: 'ready', message: 'Qwen3 0.6B answers.' },
  embedded: { ...embedded, state: 'present' },
};

export const unavailableStatus = {
  current: { ref: '', source: 'none', state: 'unavailable', message: 'No model is configured and none was found on this computer.', hint: 'Set a key or start a model server.' },
  embedded,
};
