import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  build: {
    // Small images as data: URLs would hide them from the gateway's content hashes.
    assetsInlineLimit: 0,
    target: ['chrome123', 'firefox121', 'safari17.5'],
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
});
