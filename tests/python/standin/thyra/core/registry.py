CONVERTERS = {}


def register_converter(format_name):
    def enter(converter):
        CONVERTERS[format_name] = converter
        return converter

    return enter
