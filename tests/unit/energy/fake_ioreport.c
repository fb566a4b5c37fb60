/* A stand-in for macOS's Core Foundation and IOReport, compiled by the test. Contains no source of Apple.
 *
 * The counters stand in the file FAKE_IOREPORT, one a line: name, tab, unit, tab, count. FAKE_IOREPORT_FAILS is one of
 * group, subscription, sample: that call gives nothing. Releasing what is gone aborts; `fake_num_objects` counts what is
 * still held. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Object Object;
struct Object {
  enum { TEXT = 1, ITEM, ARRAY, DICTIONARY, SUBSCRIPTION } kind;
  int refs;
  char text[300], unit[40]; /* of a text; name and unit of an item */
  long long count;
  Object *parts[1024]; /* of an array; key, value, key, value of a dictionary; name and unit of an item */
  long num_parts;
};
char kCFTypeArrayCallBacks[40];
static int num_objects;

static void need(int holds, const char *what) { if (!holds) { fprintf(stderr, "fake_ioreport: %s\n", what); abort(); } }
static int fails(const char *what) { const char *set = getenv("FAKE_IOREPORT_FAILS"); return set && !strcmp(set, what); }
static Object *make(int kind) {
  Object *made = calloc(1, sizeof *made);
  made->kind = kind;
  made->refs = 1;
  num_objects++;
  return made;
}
static Object *text(const char *words) { Object *made = make(TEXT); snprintf(made->text, sizeof made->text, "%s", words); return made; }
static Object *hold(Object *object) { need(object && object->refs > 0, "what is gone is used"); object->refs++; return object; }
static Object *is(void *given, int kind) {
  Object *object = given;
  need(object && object->refs > 0 && object->kind == kind, "an argument is not what it must be");
  return object;
}
int fake_num_objects(void) { return num_objects; }

void CFRelease(void *given) {
  Object *object = given;
  need(object && object->refs > 0, "released once too often");
  if (--object->refs) return;
  for (long index = 0; index < object->num_parts; index++) CFRelease(object->parts[index]);
  num_objects--; /* never freed, so that a second release is seen */
}
void *CFStringCreateWithCString(void *allocator, const char *words, unsigned encoding) {
  need(!allocator && encoding == 0x08000100, "the encoding is not UTF-8");
  return text(words);
}
unsigned char CFStringGetCString(void *given, char *to, long size, unsigned encoding) {
  Object *object = is(given, TEXT);
  need(encoding == 0x08000100, "the encoding is not UTF-8");
  if ((long)strlen(object->text) >= size) return 0;
  strcpy(to, object->text);
  return 1;
}
void *CFDictionaryGetValue(void *given, void *key) {
  Object *object = is(given, DICTIONARY);
  for (long index = 0; index < object->num_parts; index += 2)
    if (!strcmp(object->parts[index]->text, is(key, TEXT)->text)) return object->parts[index + 1];
  return NULL;
}
void CFDictionarySetValue(void *given, void *key, void *value) {
  Object *object = is(given, DICTIONARY);
  for (long index = 0; index < object->num_parts; index += 2)
    if (!strcmp(object->parts[index]->text, is(key, TEXT)->text)) {
      Object *old = object->parts[index + 1];
      object->parts[index + 1] = hold(value);
      CFRelease(old);
      return;
    }
  object->parts[object->num_parts++] = hold(key);
  object->parts[object->num_parts++] = hold(value);
}
void *CFDictionaryCreateMutableCopy(void *allocator, long capacity, void *given) {
  Object *from = is(given, DICTIONARY), *made = make(DICTIONARY);
  need(!allocator && !capacity, "the copy may grow");
  for (long index = 0; index < from->num_parts; index++) made->parts[made->num_parts++] = hold(from->parts[index]);
  return made;
}
long CFArrayGetCount(void *given) { return is(given, ARRAY)->num_parts; }
void *CFArrayGetValueAtIndex(void *given, long index) {
  need(index >= 0 && index < is(given, ARRAY)->num_parts, "beyond the array");
  return ((Object *)given)->parts[index];
}
void *CFArrayCreateMutable(void *allocator, long capacity, void *callbacks) {
  need(!allocator && !capacity && callbacks == kCFTypeArrayCallBacks, "an array that does not hold its parts");
  return make(ARRAY);
}
void CFArrayAppendValue(void *given, void *value) {
  Object *object = is(given, ARRAY);
  need(object->num_parts < 1024, "too many parts");
  object->parts[object->num_parts++] = hold(value);
}

static Object *described(Object *only) {
  Object *made = make(DICTIONARY), *array = make(ARRAY), *key = text("IOReportChannels"), *other = text("QueryOpts");
  char line[400];
  FILE *file = fopen(getenv("FAKE_IOREPORT"), "r");
  need(file != NULL, "FAKE_IOREPORT is no file");
  while (fgets(line, sizeof line, file)) {
    Object *item = make(ITEM);
    need(sscanf(line, "%299[^\t]\t%39[^\t]\t%lld", item->text, item->unit, &item->count) == 3, "a line is not understood");
    item->parts[item->num_parts++] = text(item->text);
    item->parts[item->num_parts++] = text(item->unit);
    int wanted = !only;
    for (long index = 0; only && index < only->num_parts; index++) wanted |= !strcmp(only->parts[index]->text, item->text);
    if (wanted) CFArrayAppendValue(array, item);
    CFRelease(item);
  }
  fclose(file);
  CFDictionarySetValue(made, key, array);
  CFDictionarySetValue(made, other, other);
  CFRelease(array);
  CFRelease(key);
  CFRelease(other);
  return made;
}
void *IOReportCopyChannelsInGroup(void *group, void *subgroup, unsigned long long a, unsigned long long b, unsigned long long c) {
  need(!subgroup && !a && !b && !c, "arguments");
  return fails("group") || strcmp(is(group, TEXT)->text, "Energy Model") ? NULL : described(NULL);
}
void *IOReportCreateSubscription(void *none, void *wanted, void **subscribed, unsigned long long id, void *nothing) {
  need(!none && !id && !nothing, "arguments");
  is(wanted, DICTIONARY);
  if (fails("subscription")) return NULL;
  *subscribed = CFDictionaryCreateMutableCopy(NULL, 0, wanted);
  return make(SUBSCRIPTION);
}
void *IOReportCreateSamples(void *subscription, void *wanted, void *nothing) {
  Object *key = text("IOReportChannels"), *made = NULL;
  is(subscription, SUBSCRIPTION);
  need(!nothing, "arguments");
  if (!fails("sample")) made = described(CFDictionaryGetValue(wanted, key));
  CFRelease(key);
  return made;
}
void *IOReportChannelGetChannelName(void *item) { return is(item, ITEM)->parts[0]; }
void *IOReportChannelGetUnitLabel(void *item) { return is(item, ITEM)->parts[1]; }
long long IOReportSimpleGetIntegerValue(void *item, int index) { need(!index, "arguments"); return is(item, ITEM)->count; }
