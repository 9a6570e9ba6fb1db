#include <cli/completion.h>

#include <string.h>

static bool is_choice(const struct mzg_option *option)
{
    return option->choice != NULL;
}

/* Numbers and the like; texts may be names of files. */
static bool takes_file(const struct mzg_option *option)
{
    return option->kind == MZG_OPTION_TEXT;
}

/* With a backslash before each character that is in `special`. */
static void print_choices(FILE *file, const struct mzg_option *option, const char *special)
{
    for (int i = 0; option->choice(i); i++) {
        fputs(i ? " " : "", file);
        for (const char *at = option->choice(i); *at; at++)
            fprintf(file, "%s%c", strchr(special, *at) ? "\\" : "", *at);
    }
}

static void print_shells(FILE *file)
{
    for (int i = 0; mzg_completion_shell(i); i++)
        fprintf(file, "%s%s", i ? " " : "", mzg_completion_shell(i));
}

/* The first words of `text`, up to a full stop, colon or semicolon, without what `special` has in it. */
static void print_sentence(FILE *file, const char *text, const char *special)
{
    for (const char *c = text; *c && !(strchr(".:;", *c) && (c[1] == ' ' || c[1] == '\0')); c++)
        fputc(strchr(special, *c) ? ' ' : *c, file);
}

static void print_names(FILE *file, const struct mzg_command *const *commands)
{
    for (int i = 0; commands[i]; i++)
        fprintf(file, "%s ", commands[i]->name);
}

static void print_bash(FILE *file, const struct mzg_command *const *commands)
{
    fprintf(
        file,
        "# Completion of mzgrid for bash: source this file, or put it into\n"
        "# ~/.local/share/bash-completion/completions/mzgrid\n"
        "_mzgrid() {\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= words= i\n"
        "    COMPREPLY=()\n"
        "    if [[ $current == = ]]; then current=\n"
        "    elif [[ $previous == = && COMP_CWORD -gt 1 ]]; then previous=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        case ${COMP_WORDS[i]} in -*) ;; *) command=${COMP_WORDS[i]}; break ;; esac\n"
        "    done\n"
        "    case $command/$previous in\n");
    for (int i = 0; commands[i]; i++)
        for (const struct mzg_option *option = commands[i]->options; option->name; option++)
            if (is_choice(option)) {
                fprintf(file, "    %s/--%s) words='", commands[i]->name, option->name);
                print_choices(file, option, "");
                fprintf(file, "' ;;\n");
            }
    fprintf(file, "    help/help) words='");
    print_names(file, commands);
    fprintf(file, "completion' ;;\n    completion/completion) words='");
    print_shells(file);
    fprintf(file, "' ;;\n    esac\n    if [[ -z $words && ( -z $command || $current == -* ) ]]; then\n"
                  "        case $command in\n        '') words='");
    print_names(file, commands);
    fprintf(file, "completion help --help --version' ;;\n");
    for (int i = 0; commands[i]; i++) {
        fprintf(file, "        %s) words='", commands[i]->name);
        const struct mzg_option *option;
        for (int j = 0; (option = mzg_command_option(commands[i], j)); j++)
            if (option->kind != MZG_OPTION_GROUP)
                fprintf(file, "--%s ", option->name);
        fprintf(file, "' ;;\n");
    }
    fprintf(file, "        esac\n    fi\n"
                  "    [[ -z $words ]] || COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
                  "}\n"
                  "complete -o default -F _mzgrid mzgrid\n");
}

static void print_zsh_option(FILE *file, const struct mzg_option *option)
{
    const char *repeats = option->kind == MZG_OPTION_REPEAT ? "*" : "";
    fprintf(file, " \\\n            '%s--%s%s[", repeats, option->name,
            mzg_option_is_flag(option) ? "" : "=");
    print_sentence(file, option->help, "'[]:\\");
    fputc(']', file);
    if (!mzg_option_is_flag(option)) {
        fputc(':', file);
        print_sentence(file, option->argument, "'[]:\\");
        fputc(':', file);
        if (is_choice(option)) {
            fputc('(', file);
            print_choices(file, option, ":");
            fputc(')', file);
        } else if (takes_file(option)) {
            fprintf(file, "_files");
        }
    }
    fputc('\'', file);
}

static void print_zsh(FILE *file, const struct mzg_command *const *commands)
{
    fprintf(file, "#compdef mzgrid\n"
                  "# Completion of mzgrid for zsh: put this file as _mzgrid into a directory of $fpath.\n"
                  "_mzgrid() {\n"
                  "    local -a commands\n"
                  "    commands=(\n");
    for (int i = 0; commands[i]; i++) {
        fprintf(file, "        '%s:", commands[i]->name);
        print_sentence(file, commands[i]->summary, "':\\");
        fprintf(file, "'\n");
    }
    fprintf(file, "        'completion:Print a completion for a shell'\n"
                  "        'help:Show the help of a command'\n    )\n"
                  "    if (( CURRENT == 2 )); then\n"
                  "        _describe command commands\n"
                  "        _arguments '--help[Show the help]' '--version[Show the versions]'\n"
                  "        return\n"
                  "    fi\n"
                  "    local command=${words[2]}\n"
                  "    shift words\n"
                  "    (( CURRENT-- ))\n"
                  "    case $command in\n"
                  "    help) _describe command commands ;;\n"
                  "    completion) _values shell ");
    print_shells(file);
    fprintf(file, " ;;\n");
    for (int i = 0; commands[i]; i++) {
        fprintf(file, "    %s)\n        _arguments -S", commands[i]->name);
        const struct mzg_option *option;
        for (int j = 0; (option = mzg_command_option(commands[i], j)); j++)
            if (option->kind != MZG_OPTION_GROUP)
                print_zsh_option(file, option);
        fprintf(file, " \\\n            '*:file:_files' ;;\n");
    }
    fprintf(file,
            "    esac\n}\n"
            "if [ \"$funcstack[1]\" = _mzgrid ]; then _mzgrid \"$@\"; else compdef _mzgrid mzgrid; fi\n");
}

static void print_fish(FILE *file, const struct mzg_command *const *commands)
{
    fprintf(
        file,
        "# Completion of mzgrid for fish: put this file into ~/.config/fish/completions/mzgrid.fish\n"
        "complete -c mzgrid -n __fish_use_subcommand -l help -d 'Show the help'\n"
        "complete -c mzgrid -n __fish_use_subcommand -l version -d 'Show the versions'\n"
        "complete -c mzgrid -f -n __fish_use_subcommand -a help -d 'Show the help of a command'\n"
        "complete -c mzgrid -f -n __fish_use_subcommand -a completion -d 'Print a completion for a shell'\n"
        "complete -c mzgrid -f -n '__fish_seen_subcommand_from help' -a completion\n"
        "complete -c mzgrid -f -n '__fish_seen_subcommand_from completion' -a '");
    print_shells(file);
    fprintf(file, "'\n");
    for (int i = 0; commands[i]; i++) {
        const char *name = commands[i]->name;
        fprintf(file, "complete -c mzgrid -f -n __fish_use_subcommand -a %s -d '", name);
        print_sentence(file, commands[i]->summary, "'\\");
        fprintf(file, "'\ncomplete -c mzgrid -f -n '__fish_seen_subcommand_from help' -a %s\n", name);
        const struct mzg_option *option;
        for (int j = 0; (option = mzg_command_option(commands[i], j)); j++) {
            if (option->kind == MZG_OPTION_GROUP)
                continue;
            fprintf(file, "complete -c mzgrid -n '__fish_seen_subcommand_from %s' -l %s", name, option->name);
            if (option->letter)
                fprintf(file, " -s %c", option->letter);
            if (is_choice(option)) {
                fprintf(file, " -x -a '");
                print_choices(file, option, "");
                fputc('\'', file);
            } else if (!mzg_option_is_flag(option)) {
                fputs(takes_file(option) ? " -r" : " -x", file);
            }
            fprintf(file, " -d '");
            print_sentence(file, option->help, "'\\");
            fprintf(file, "'\n");
        }
    }
}

/* One row for each shell. */
static const struct {
    const char *name;
    void (*print)(FILE *file, const struct mzg_command *const *commands);
} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

enum { SHELLS = sizeof shells / sizeof *shells };

const char *mzg_completion_shell(int number)
{
    return number < SHELLS ? shells[number].name : NULL;
}

void mzg_completion_print(FILE *file, int number, const struct mzg_command *const *commands)
{
    shells[number].print(file, commands);
}
