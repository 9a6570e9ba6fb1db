/* Text and lines. */
#include <picture/drawing.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST = 512 };

void mzg_set_colour(cairo_t *cairo, uint32_t rgb)
{
    cairo_set_source_rgb(cairo, (rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0);
}

/* Where no font is installed cairo has letters of its own, those of ASCII: the text in these, in `plain`. */
static const char *spell(cairo_t *cairo, const char *text, char *plain, size_t size)
{
    static const char *const spellings[][2] = {{"µ", "u"}, {"±", "+/-"}, {"×", "x"}, {"⁻", "^-"}, {"⁰", "0"},
                                               {"¹", "1"}, {"²", "2"},   {"³", "3"}, {"⁴", "4"},  {"⁵", "5"},
                                               {"⁶", "6"}, {"⁷", "7"},   {"⁸", "8"}, {"⁹", "9"}};
    size_t n = 0;
    if (cairo_scaled_font_get_type(cairo_get_scaled_font(cairo)) != CAIRO_FONT_TYPE_USER)
        return text;
    while (*text && n + 8 < size) {
        size_t known = 0, i = 0;
        for (; i < sizeof spellings / sizeof *spellings && !known; i++)
            known =
                strncmp(text, spellings[i][0], strlen(spellings[i][0])) == 0 ? strlen(spellings[i][0]) : 0;
        if (known)
            n += (size_t)snprintf(plain + n, size - n, "%s", spellings[i - 1][1]);
        else
            plain[n++] = *text;
        text += known ? known : 1;
    }
    plain[n] = '\0';
    return plain;
}

double mzg_text_width(cairo_t *cairo, double size, const char *text)
{
    cairo_text_extents_t extents;
    char plain[LONGEST];
    cairo_set_font_size(cairo, size);
    cairo_text_extents(cairo, spell(cairo, text, plain, sizeof plain), &extents);
    return extents.x_advance;
}

void mzg_draw_text(cairo_t *cairo, double x, double y, double size, enum mzg_align align, const char *text)
{
    cairo_font_extents_t font;
    char plain[LONGEST];
    double width = mzg_text_width(cairo, size, text);
    cairo_font_extents(cairo, &font);
    cairo_move_to(cairo,
                  x - (align == MZG_LEFT     ? 0
                       : align == MZG_CENTRE ? width / 2
                                             : width),
                  y + (font.ascent - font.descent) / 2);
    cairo_show_text(cairo, spell(cairo, text, plain, sizeof plain));
}

void mzg_draw_text_upwards(cairo_t *cairo, double x, double y, double size, const char *text)
{
    cairo_save(cairo);
    cairo_translate(cairo, x, y);
    cairo_rotate(cairo, -acos(0));
    mzg_draw_text(cairo, 0, 0, size, MZG_CENTRE, text);
    cairo_restore(cairo);
}

void mzg_draw_line(cairo_t *cairo, double x0, double y0, double x1, double y1, double width)
{
    cairo_set_line_width(cairo, width);
    cairo_move_to(cairo, x0, y0);
    cairo_line_to(cairo, x1, y1);
    cairo_stroke(cairo);
}
