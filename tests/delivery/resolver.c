/* Replaces the system's resolver in a program that is started with it as LD_PRELOAD.
 *
 * The file $VENDOR_ADDRESS holds the address of vendor.invalid. While the file is empty the name has
 * none; while the file holds "hang", the resolver does not answer.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int resolver(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static void read_address(char *address, size_t size)
{
    FILE *file = fopen(getenv("VENDOR_ADDRESS"), "r");
    size_t length = file == NULL ? 0 : fread(address, 1, size - 1, file);
    address[length] = 0;
    if (file != NULL)
        fclose(file);
}

int getaddrinfo(const char *name, const char *port, const struct addrinfo *hints,
                struct addrinfo **found)
{
    resolver *ask_system = (resolver *)dlsym(RTLD_NEXT, "getaddrinfo");
    char address[64];
    if (name == NULL || strcmp(name, "vendor.invalid") != 0)
        return ask_system(name, port, hints, found);
    read_address(address, sizeof address);
    while (strcmp(address, "hang") == 0) {
        usleep(10000);
        read_address(address, sizeof address);
    }
    return address[0] == 0 ? EAI_NONAME : ask_system(address, port, hints, found);
}
