// An absolute path, a `file:` address, or a relative path whose last part has an extension; other addresses are no paths.
const FOLDERS =
  /(?<![\w:/\\.-])(?:file:\/\/\/|(?:[A-Za-z]:)?[\\/]|\.{1,2}[\\/]|[\w-]+[\\/](?=[^\s"']*\.\w))(?:[^\s"'\\/:]+[\\/])*(?=[^\s"'\\/])/g;

/** The text with every file path in it cut down to the file's name: nobody outside learns how the disk is laid out. */
export const hideFolders = (text: string): string => text.replaceAll(FOLDERS, '');
