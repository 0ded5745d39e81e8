export const composerId = 'message';

export function focusComposer(): void {
  // After the redraw that the same key or click may have caused.
  setTimeout(() => {
    const field = document.getElementById(composerId) as HTMLTextAreaElement | null;
    field?.focus();
    field?.setSelectionRange(field.value.length, field.value.length);
  });
}
