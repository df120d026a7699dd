// Pictures that survive a reload, in the browser's own database.

const NAME = "pixelflow";
const PICTURES = "pictures";
const KEPT = 500;

/** Opens the database; without one (a private window) pictures stay until the page is left. */
export async function openStore() {
  try {
    return databaseStore(await open());
  } catch {
    return memoryStore();
  }
}

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(PICTURES, { keyPath: "id", autoIncrement: true });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function databaseStore(database) {
  const run = (mode, action) => new Promise((resolve, reject) => {
    const transaction = database.transaction(PICTURES, mode);
    const request = action(transaction.objectStore(PICTURES));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = () => reject(request.error ?? transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
  return {
    isLasting: true,
    kept: KEPT,
    all: () => run("readonly", (pictures) => pictures.getAll()),
    add: (picture) => run("readwrite", (pictures) => pictures.add(picture)),
    remove: (id) => run("readwrite", (pictures) => pictures.delete(id)),
    clear: () => run("readwrite", (pictures) => pictures.clear()),
  };
}

function memoryStore() {
  const pictures = new Map();
  let next = 1;
  return {
    isLasting: false,
    kept: KEPT,
    all: async () => [...pictures.values()],
    add: async (picture) => {
      pictures.set(next, { ...picture, id: next });
      next += 1;
      return next - 1;
    },
    remove: async (id) => void pictures.delete(id),
    clear: async () => pictures.clear(),
  };
}
