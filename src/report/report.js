/* The charts of a report. Numbers come from the page itself; nothing is loaded. */
'use strict';
(function () {
  var numbers = JSON.parse(document.getElementById('numbers').textContent);
  var schemes = window.matchMedia('(prefers-color-scheme: dark)');
  var print = window.matchMedia('print');
  var restyle = [];

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function short(value) {
    if (value === null || !isFinite(value)) return '–';
    var parts = value.toExponential(3).split('e'), exponent = +parts[1];
    if (value !== 0 && (exponent >= 6 || exponent < -3))
      return +parts[0] + '×10' + (exponent < 0 ? '⁻' : '') + String(Math.abs(exponent)).replace(/\d/g, function (digit) {
        return '⁰¹²³⁴⁵⁶⁷⁸⁹'.charAt(digit);
      });
    return String(+value.toPrecision(4)).replace(/\B(?=(\d{3})+$)/g, exponent >= 3 ? ',' : '');
  }

  function element(id) {
    return document.getElementById(id);
  }

  function shared() {
    return {
      legend: 'never',
      axisLineColor: colour('--pale'),
      gridLineColor: colour('--line'),
      gridLineWidth: 0.5,
      strokeWidth: 1.2,
      highlightCircleSize: 3,
      digitsAfterDecimal: 4,
      rightGap: 12
    };
  }

  /* Lines from 0 up to each value: between the m/z of a native axis is nothing. */
  function drawSticks(e) {
    var context = e.drawingContext, foot = e.plotArea.y + e.plotArea.h;
    context.strokeStyle = e.color;
    context.lineWidth = e.strokeWidth;
    context.beginPath();
    e.points.forEach(function (point) {
      if (isNaN(point.canvasy)) return;
      context.moveTo(point.canvasx, foot);
      context.lineTo(point.canvasx, point.canvasy);
    });
    context.stroke();
  }

  /* Two charts, one above the other, that always show the same stretch of m/z. */
  function makeSpectra() {
    var box = element('spectra'), readout = element('readout');
    var low = numbers.ends[0], high = numbers.ends[1];
    if (!(high > low)) high = low + 1;
    var names = ['mean', 'maximum'], charts = [], busy = false, at = {};

    function range() {
      return charts.length > 0 ? charts[0].xAxisRange() : [low, high];
    }

    /* Of an m/z, behind its point. */
    function digits(width) {
      return Math.max(0, Math.min(5, Math.ceil(-Math.log(width) / Math.LN10) + 2));
    }

    /* As many round m/z as have room; if that is one, as on a telephone, two that may be less round. */
    function ticks(from, to, pixels, get, chart, values) {
      var width = to - from, room = 8.5 * to.toFixed(digits(width)).length + 8;
      var found = Dygraph.numericTicks(from, to, pixels, function (name) {
        return name === 'pixelsPerLabel' ? room : get(name);
      }, chart, values);
      if (found.filter(function (tick) { return tick.label && tick.v >= from && tick.v <= to; }).length >= 2) return found;
      return [0.25, 0.75].map(function (share) {
        var label = (from + share * width).toFixed(digits(width));
        return { v: +label, label: label };
      });
    }

    function look(name) {
      var options = shared();
      options.colors = [colour('--' + name)];
      return options;
    }

    function tell(mz) {
      readout.textContent = mz === null ? '' : 'm/z ' + mz.toFixed(4) + ': mean ' + short(at[mz][0]) + ', maximum ' + short(at[mz][1]);
    }

    function tellRange() {
      var shown = range();
      element('window').textContent = 'Shown: m/z ' + shown[0].toFixed(4) + ' to ' + shown[1].toFixed(4);
      element('from').value = shown[0].toFixed(4);
      element('to').value = shown[1].toFixed(4);
    }

    function follow(chart) {
      if (busy || charts.length < names.length) return;
      busy = true;
      charts.forEach(function (other) {
        if (other !== chart) other.updateOptions({ dateWindow: chart.xAxisRange(), valueRange: null });
      });
      busy = false;
      tellRange();
    }

    numbers.mz.forEach(function (mz, i) { at[mz] = [numbers.mean[i], numbers.maximum[i]]; });
    names.forEach(function (name, k) {
      var options = look(name);
      options.labels = ['m/z', name];
      options.ylabel = name;
      if (k === names.length - 1) options.xlabel = 'm/z';
      options.dateWindow = [low, high];
      options.includeZero = true;
      options.axes = {
        x: { axisLabelWidth: 70, ticker: ticks, axisLabelFormatter: function (mz) {
          return mz.toFixed(digits(range()[1] - range()[0]));
        } },
        y: { axisLabelWidth: 66, pixelsPerLabel: 30, axisLabelFormatter: short }
      };
      options.highlightCallback = function (event, mz) { tell(mz); };
      options.unhighlightCallback = function () { tell(null); };
      options.drawCallback = follow;
      if (numbers.sticks) options.plotter = drawSticks;
      charts.push(new Dygraph(element('spectrum-' + name), numbers.mz.map(function (mz, i) {
        return [mz, numbers[name][i]];
      }), options));
    });
    tellRange();

    function show(from, to) {
      var width = Math.max(to - from, (high - low) * 1e-7);
      if (width >= high - low) { from = low; to = high; }
      else {
        from = Math.min(Math.max(from, low), high - width);
        to = from + width;
      }
      charts[0].updateOptions({ dateWindow: [from, to], valueRange: null });
    }

    function act(what) {
      var now = range(), width = now[1] - now[0], middle = (now[0] + now[1]) / 2;
      if (what === 'in') show(middle - width / 4, middle + width / 4);
      else if (what === 'out') show(middle - width, middle + width);
      else if (what === 'left') show(now[0] - width / 4, now[1] - width / 4);
      else if (what === 'right') show(now[0] + width / 4, now[1] + width / 4);
      else show(low, high);
    }

    var keys = { '+': 'in', '=': 'in', '-': 'out', 'ArrowUp': 'in', 'ArrowDown': 'out', 'ArrowLeft': 'left',
      'ArrowRight': 'right', '0': 'all', 'Home': 'all', 'Escape': 'all' };
    box.addEventListener('keydown', function (event) {
      if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
      act(keys[event.key]);
      event.preventDefault();
    });
    element('tools').addEventListener('click', function (event) {
      var what = event.target.getAttribute('data-do');
      if (what) act(what);
    });
    element('tools').addEventListener('submit', function (event) {
      var from = parseFloat(element('from').value), to = parseFloat(element('to').value);
      event.preventDefault();
      if (from < to) show(from, to);
      tellRange();
    });
    element('logarithmic').addEventListener('change', function () {
      var logarithmic = this.checked;
      charts.forEach(function (chart) {
        chart.updateOptions({ logscale: logarithmic, includeZero: !logarithmic, valueRange: null });
      });
    });
    document.addEventListener('click', function (event) {
      var mz = parseFloat(event.target.getAttribute('data-mz'));
      var half = parseFloat(event.target.getAttribute('data-half'));
      if (!(half > 0)) return;
      show(mz - half, mz + half);
      box.focus();
      box.scrollIntoView({ block: 'center' });
    });
    restyle.push(function () {
      charts.forEach(function (chart, k) { chart.updateOptions(look(names[k])); });
    });
  }

  function makeTime() {
    var box = element('time');
    if (!box || numbers.time.length === 0) return;

    function look() {
      var options = shared();
      options.colors = [colour('--rate'), colour('--memory')];
      return options;
    }

    var options = look();
    var end = numbers.phases[numbers.phases.length - 1][1];
    options.labels = ['s', 'rate', 'memory'];
    options.xlabel = 'seconds since the start';
    options.ylabel = 'pixels/s';
    options.y2label = 'MiB';
    options.dateWindow = [0, Math.max(end, numbers.time[numbers.time.length - 1][0])];
    options.series = { memory: { axis: 'y2' } };
    options.includeZero = true;
    options.stepPlot = false;
    options.axes = {
      x: { axisLabelFormatter: short },
      y: { axisLabelWidth: 62, axisLabelFormatter: short },
      y2: { axisLabelWidth: 50, axisLabelFormatter: short, independentTicks: true, drawGrid: false }
    };
    options.highlightCallback = function (event, seconds, points) {
      var text = short(seconds) + ' s';
      points.forEach(function (point) {
        text += ', ' + short(point.yval) + (point.name === 'rate' ? ' pixels/s' : ' MiB');
      });
      element('time-readout').textContent = text;
    };
    options.unhighlightCallback = function () { element('time-readout').textContent = ''; };
    options.underlayCallback = function (context, area, chart) {
      var from = 0;
      context.save();
      context.font = '12px sans-serif';
      numbers.phases.forEach(function (phase, i) {
        var left = Math.max(area.x, chart.toDomXCoord(from)), right = Math.min(area.x + area.w, chart.toDomXCoord(phase[1]));
        from = phase[1];
        if (right <= left) return;
        if (i % 2 === 0) {
          context.fillStyle = colour('--band');
          context.fillRect(left, area.y, right - left, area.h);
        }
        context.fillStyle = colour('--pale');
        if (context.measureText(phase[0]).width + 8 < right - left) context.fillText(phase[0], left + 4, area.y + 14);
      });
      context.restore();
    };
    var chart = new Dygraph(box, numbers.time, options);
    restyle.push(function () { chart.updateOptions(look()); });
  }

  function restyleAll() {
    restyle.forEach(function (one) { one(); });
  }

  document.documentElement.classList.add('scripted');
  makeSpectra();
  makeTime();
  schemes.addEventListener('change', restyleAll);
  print.addEventListener('change', restyleAll);
})();
