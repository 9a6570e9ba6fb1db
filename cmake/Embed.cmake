# cmake -DINPUT=FILE -DOUTPUT=FILE.c -DNAME=SYMBOL -P Embed.cmake: the bytes of a file as an array of C, with a zero byte
# behind them.
file(READ ${INPUT} bytes HEX)
# The line that names a source map goes: a browser's tools would look for the file.
string(REGEX REPLACE "2f2f2320736f757263654d617070696e6755524c3d.*$" "" bytes "${bytes}")
string(REGEX MATCHALL "[0-9a-f][0-9a-f]" bytes "${bytes}")
list(JOIN bytes "',\n'\\x" bytes)
file(WRITE ${OUTPUT} "extern const char ${NAME}[];\nconst char ${NAME}[] = {'\\x${bytes}', 0};\n")
